/*
 * Chats with a buddy, line by line, until the input ends: chat SERVER EMAIL PASSWORD-FILE BUDDY
 *
 * The run loop watches the library's descriptor through an NSFileHandle, as a Cocoa program would. Reference counts are kept by
 * hand, so that GCC with GNUstep takes it as well as clang.
 */
#import <Foundation/Foundation.h>
#include <fbchat.h>

static void complain(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

/** A field of an event's item; nil if absent. */
static NSString *textOf(const fbchat_event *event, size_t item, fbchat_field field)
{
    const char *text = fbchat_event_str(event, item, field, NULL);
    return text ? [NSString stringWithUTF8String:text] : nil;
}

@interface Chat : NSObject {
    fbchat_client *client;
    fbchat_session session;
    fbchat_uid buddy;
    NSString *buddyName;
    NSFileHandle *events;
    NSFileHandle *input;
    NSMutableData *typed;
    NSUInteger unanswered;
    BOOL atEnd, leaving, over, well;
}
- (id)initWithServer:(NSString *)server
               email:(NSString *)email
            password:(NSString *)password
               buddy:(NSString *)name;
- (BOOL)run;
@end

@interface Chat (Private)
- (void)eventsWait:(NSNotification *)notification;
- (void)handle:(const fbchat_event *)event;
- (void)showBuddies:(const fbchat_event *)list;
- (void)inputArrived:(NSNotification *)notification;
- (void)sendLines;
- (void)leaveWhenDone;
@end

@implementation Chat

- (id)initWithServer:(NSString *)server
               email:(NSString *)email
            password:(NSString *)password
               buddy:(NSString *)name
{
    fbchat_config *config = NULL;
    BOOL begun;

    self = [super init];
    if (!self)
        return nil;
    begun = fbchat_config_new(&config) == FBCHAT_OK &&
            fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, [server UTF8String]) == FBCHAT_OK &&
            fbchat_client_new(config, &client) == FBCHAT_OK &&
            fbchat_session_open(client, NULL, NULL, &session) == FBCHAT_OK &&
            fbchat_session_login(client, session, [email UTF8String], [password UTF8String], NULL) == FBCHAT_OK;
    if (!begun)
        complain(fbchat_last_error());
    fbchat_config_free(config);
    if (!begun) {
        [self release];
        return nil;
    }

    buddyName = [name copy];
    typed = [[NSMutableData alloc] init];
    input = [[NSFileHandle fileHandleWithStandardInput] retain];
    events = [[NSFileHandle alloc] initWithFileDescriptor:fbchat_client_fd(client) closeOnDealloc:NO];
    [[NSNotificationCenter defaultCenter] addObserver:self
                                             selector:@selector(eventsWait:)
                                                 name:NSFileHandleDataAvailableNotification
                                               object:events];
    [[NSNotificationCenter defaultCenter] addObserver:self
                                             selector:@selector(inputArrived:)
                                                 name:NSFileHandleReadCompletionNotification
                                               object:input];
    [events waitForDataInBackgroundAndNotify];
    return self;
}

/** A session that is not over yet is dropped without a logout. */
- (void)dealloc
{
    [[NSNotificationCenter defaultCenter] removeObserver:self];
    [events release]; /* before its descriptor is closed */
    fbchat_client_free(client);
    [input release];
    [typed release];
    [buddyName release];
    [super dealloc];
}

- (BOOL)run
{
    while (!over) {
        NSAutoreleasePool *pool = [[NSAutoreleasePool alloc] init];
        [[NSRunLoop currentRunLoop] runMode:NSDefaultRunLoopMode beforeDate:[NSDate distantFuture]];
        [pool release];
    }
    return well;
}

@end

@implementation Chat (Private)

- (void)eventsWait:(NSNotification *)notification
{
    fbchat_event *event;

    (void)notification;
    while (!over && fbchat_client_poll(client, 0, &event) == FBCHAT_OK) {
        [self handle:event];
        fbchat_event_free(event);
    }
    if (over)
        return;
    [self leaveWhenDone];
    [events waitForDataInBackgroundAndNotify]; /* it notifies once only */
}

- (void)handle:(const fbchat_event *)event
{
    BOOL failed = fbchat_event_status(event) < FBCHAT_OK;

    if (failed)
        complain([textOf(event, 0, FBCHAT_FIELD_REASON) UTF8String]);
    switch (fbchat_event_kind(event)) {
    case FBCHAT_EVENT_BUDDY_LIST:
        [self showBuddies:event];
        break;
    case FBCHAT_EVENT_MESSAGE:
        printf("%s: %s\n", [textOf(event, 0, FBCHAT_FIELD_FROM_NAME) UTF8String],
               [textOf(event, 0, FBCHAT_FIELD_TEXT) UTF8String]);
        break;
    case FBCHAT_EVENT_SENT:
    case FBCHAT_EVENT_FAILED:
        unanswered--;
        break;
    case FBCHAT_EVENT_LOGIN_FAILED:
    case FBCHAT_EVENT_CHALLENGE:
        over = YES;
        break;
    case FBCHAT_EVENT_CLOSED:
        over = YES;
        well = buddy != 0 && !failed;
        break;
    }
}

- (void)showBuddies:(const fbchat_event *)list
{
    BOOL first = buddy == 0;
    size_t i;

    for (i = 0; i < fbchat_event_count(list); i++) {
        NSString *name = textOf(list, i, FBCHAT_FIELD_NAME);
        int64_t presence;
        fbchat_event_int(list, i, FBCHAT_FIELD_PRESENCE, &presence);
        printf("%c %s\n", presence == FBCHAT_PRESENCE_OFFLINE ? '-' : '+', [name UTF8String]);
        if ([name isEqualToString:buddyName])
            buddy = fbchat_event_uid(list, i, FBCHAT_FIELD_UID);
    }
    if (buddy == 0) {
        complain([[NSString stringWithFormat:@"No buddy is named %@.", buddyName] UTF8String]);
        atEnd = YES;
    } else if (first) {
        [input readInBackgroundAndNotify];
    }
}

- (void)inputArrived:(NSNotification *)notification
{
    NSData *data = [[notification userInfo] objectForKey:NSFileHandleNotificationDataItem];

    if ([data length] == 0) {
        atEnd = YES;
        if ([typed length] > 0)
            [typed appendBytes:"\n" length:1]; /* the last line may lack it */
    } else {
        [typed appendData:data];
        [input readInBackgroundAndNotify];
    }
    [self sendLines];
    [self leaveWhenDone];
}

- (void)sendLines
{
    const char *end;

    while ((end = memchr([typed bytes], '\n', [typed length]))) {
        NSUInteger length = (NSUInteger)(end - (const char *)[typed bytes]);
        NSString *line = [[[NSString alloc] initWithBytes:[typed bytes]
                                                   length:length
                                                 encoding:NSUTF8StringEncoding] autorelease];
        if (!line)
            complain("This line is not UTF-8; it was not sent.");
        else if (fbchat_session_send(client, session, buddy, [line UTF8String], NULL) == FBCHAT_OK)
            unanswered++;
        else
            complain(fbchat_last_error());
        [typed replaceBytesInRange:NSMakeRange(0, length + 1) withBytes:NULL length:0];
    }
}

/** Logs out as soon as everything is sent; the session's last event is CLOSED. */
- (void)leaveWhenDone
{
    if (atEnd && unanswered == 0 && !leaving)
        leaving = fbchat_session_logout(client, session, NULL) == FBCHAT_OK;
}

@end

int main(int argc, char **argv)
{
    NSAutoreleasePool *pool = [[NSAutoreleasePool alloc] init];
    NSString *password;
    Chat *chat;
    BOOL well;

    if (argc != 5) {
        complain("usage: chat SERVER EMAIL PASSWORD-FILE BUDDY");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    password = [NSString stringWithContentsOfFile:[NSString stringWithUTF8String:argv[3]]
                                         encoding:NSUTF8StringEncoding
                                            error:NULL];
    password = [[password componentsSeparatedByString:@"\n"] objectAtIndex:0];
    if (!password) {
        complain("The password file cannot be read.");
        return 2;
    }
    chat = [[Chat alloc] initWithServer:[NSString stringWithUTF8String:argv[1]]
                                  email:[NSString stringWithUTF8String:argv[2]]
                               password:password
                                  buddy:[NSString stringWithUTF8String:argv[4]]];
    well = [chat run];
    [chat release];
    [pool release];
    return well ? 0 : 1;
}
