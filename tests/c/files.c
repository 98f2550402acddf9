/* Files of two accounts at a real server: from memory and from descriptors, previews, and what is refused.
 * usage: files URL */
#include "events.h"
#include <fcntl.h>

enum { SIZE = 300000 };

/* Three by two points. */
static const unsigned char PNG[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x00, 0x00, 0x00, 0xb8, 0x1f, 0x39,
    0xc6, 0x00, 0x00, 0x00, 0x10, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0xdf, 0xc0, 0xc0,
    0x20, 0xa0, 0x60, 0x00, 0x00, 0x0a, 0xa1, 0x01, 0xe0, 0xeb, 0x56, 0xea, 0x2b, 0x00, 0x00, 0x00,
    0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};

static fbchat_session alice, bob;
static fbchat_uid alice_uid, bob_uid;
static unsigned char content[SIZE];

/* The answer to a request, which PROGRESS is not. */
static fbchat_event *result(fbchat_session session, fbchat_request request, fbchat_kind kind)
{
    for (;;) {
        fbchat_event *event = await(session, 0, request);
        if (fbchat_event_kind(event) != FBCHAT_EVENT_PROGRESS) {
            CHECK(fbchat_event_kind(event) == kind);
            return event;
        }
        CHECK(integer(event, 0, FBCHAT_FIELD_BYTES_DONE) >= 0);
        CHECK(integer(event, 0, FBCHAT_FIELD_BYTES_TOTAL) >= -1);
        fbchat_event_free(event);
    }
}

static void keep_id(fbchat_event *event, char *id)
{
    CHECK(strlen(string(event, 0, FBCHAT_FIELD_FILE_ID)) < 100);
    strcpy(id, string(event, 0, FBCHAT_FIELD_FILE_ID));
    fbchat_event_free(event);
}

static void picture(void)
{
    fbchat_request request;
    fbchat_event *event;
    const void *bytes;
    char id[100];
    size_t len;
    CHECK_STATUS(fbchat_session_upload(client, alice, PNG, sizeof PNG, "beach.png", &request), FBCHAT_OK);
    event = result(alice, request, FBCHAT_EVENT_FILE);
    CHECK(integer(event, 0, FBCHAT_FIELD_FILE_KIND) == FBCHAT_FILE_PHOTO);
    CHECK(integer(event, 0, FBCHAT_FIELD_WIDTH) == 3 && integer(event, 0, FBCHAT_FIELD_HEIGHT) == 2);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_FILE_NAME), "beach.png") == 0);
    CHECK(fbchat_event_bytes(event, 0, FBCHAT_FIELD_CONTENT, NULL) == NULL);
    keep_id(event, id);
    CHECK_STATUS(fbchat_session_send_file(client, alice, bob_uid, id, NULL, &request), FBCHAT_OK);
    fbchat_event_free(answer(alice, request, FBCHAT_EVENT_SENT));
    event = await(bob, FBCHAT_EVENT_MESSAGE, 0);
    CHECK(fbchat_event_count(event) == 1 && strcmp(string(event, 0, FBCHAT_FIELD_TEXT), "") == 0);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_FILE_ID), id) == 0);
    CHECK(strncmp(string(event, 0, FBCHAT_FIELD_FILE_URL), "http", 4) == 0);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_CONTENT_TYPE), "image/png") == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_FILE_INDEX) == 0 && integer(event, 0, FBCHAT_FIELD_FILE_SIZE) > 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_download(client, bob, id, 1, 1 << 20, &request), FBCHAT_OK);
    event = result(bob, request, FBCHAT_EVENT_FILE);
    bytes = fbchat_event_bytes(event, 0, FBCHAT_FIELD_CONTENT, &len);
    CHECK(bytes != NULL && integer(event, 0, FBCHAT_FIELD_FILE_SIZE) == (int64_t)len);
    CHECK(string(event, 0, FBCHAT_FIELD_FILE_NAME) == NULL);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_download(client, bob, id, 0, 3, &request), FBCHAT_OK);
    event = result(bob, request, FBCHAT_EVENT_FAILED);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_TOO_LONG);
    fbchat_event_free(event);
}

static void descriptors(void)
{
    FILE *source = tmpfile(), *target = tmpfile();
    static unsigned char got[SIZE + 1];
    fbchat_request request;
    fbchat_event *event;
    char id[100];
    size_t i;
    for (i = 0; i < SIZE; i++)
        content[i] = (unsigned char)(i * 7 + i / 251);
    CHECK(source != NULL && target != NULL && fwrite(content, 1, SIZE, source) == SIZE);
    CHECK(fflush(source) == 0 && lseek(fileno(source), 100, SEEK_SET) == 100);
    CHECK_STATUS(fbchat_session_upload_fd(client, alice, fileno(source), "data", &request), FBCHAT_OK);
    fclose(source);
    event = result(alice, request, FBCHAT_EVENT_FILE);
    CHECK(integer(event, 0, FBCHAT_FIELD_FILE_SIZE) == SIZE - 100);
    CHECK(integer(event, 0, FBCHAT_FIELD_FILE_KIND) == FBCHAT_FILE_OTHER);
    keep_id(event, id);
    CHECK_STATUS(fbchat_session_send_file(client, alice, bob_uid, id, "look", &request), FBCHAT_OK);
    fbchat_event_free(answer(alice, request, FBCHAT_EVENT_SENT));
    event = await(bob, FBCHAT_EVENT_MESSAGE, 0);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_TEXT), "look") == 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_download_fd(client, bob, id, fileno(target), &request), FBCHAT_OK);
    fbchat_event_free(result(bob, request, FBCHAT_EVENT_DONE));
    CHECK(pread(fileno(target), got, sizeof got, 0) == SIZE - 100 && memcmp(got, content + 100, SIZE - 100) == 0);
    fclose(target);
}

/* One that waits for its source, and is cancelled. */
static void cancelled(void)
{
    fbchat_request request;
    fbchat_event *event;
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK_STATUS(fbchat_session_upload_fd(client, alice, ends[0], "stuck", &request), FBCHAT_OK);
    close(ends[0]);
    CHECK_STATUS(fbchat_request_cancel(client, request), FBCHAT_OK);
    event = result(alice, request, FBCHAT_EVENT_FAILED);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_CANCELLED);
    fbchat_event_free(event);
    close(ends[1]);
    CHECK_STATUS(fbchat_session_download(client, bob, FILE_ID, 0, 10, &request), FBCHAT_OK);
    event = result(bob, request, FBCHAT_EVENT_FAILED);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_REFUSED);
    fbchat_event_free(event);
    ends[0] = open("/", O_RDONLY);
    CHECK_STATUS(fbchat_session_upload_fd(client, alice, ends[0], "folder", NULL), FBCHAT_ERR_DESCRIPTOR);
    close(ends[0]);
}

int main(int argc, char **argv)
{
    start(argc, argv);
    alice = log_in("alice@example.org", "demo", &alice_uid);
    bob = log_in("bob@example.org", "demo", &bob_uid);
    picture();
    descriptors();
    cancelled();
    finish();
    return 0;
}
