/*
 * Chats with a buddy, line by line, until the input ends: chat SERVER EMAIL PASSWORD-FILE BUDDY
 *
 * The first half wraps fbchat.h into classes that free what they own and throw what fails. C++11.
 */
#include <fbchat.h>

#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace fbchat {

class Error : public std::runtime_error {
public:
    Error(fbchat_status why, const char *text) : std::runtime_error(text), status(why) {}
    const fbchat_status status;
};

inline fbchat_status check(fbchat_status status)
{
    if (status < FBCHAT_OK)
        throw Error(status, fbchat_last_error());
    return status;
}

template <typename T, void (*release)(T *)>
struct Release {
    void operator()(T *handle) const { release(handle); }
};

template <typename T, void (*release)(T *)>
using Handle = std::unique_ptr<T, Release<T, release>>;

class Config {
public:
    Config()
    {
        fbchat_config *config;
        check(fbchat_config_new(&config));
        handle.reset(config);
    }

    Config &set(fbchat_config_key key, const std::string &value)
    {
        check(fbchat_config_set_str(handle.get(), key, value.c_str()));
        return *this;
    }

    const fbchat_config *get() const { return handle.get(); }

private:
    Handle<fbchat_config, fbchat_config_free> handle;
};

class Event {
public:
    explicit Event(fbchat_event *event = nullptr) : handle(event) {}
    explicit operator bool() const { return handle != nullptr; }

    fbchat_kind kind() const { return fbchat_event_kind(handle.get()); }
    bool failed() const { return fbchat_event_status(handle.get()) < FBCHAT_OK; }
    size_t count() const { return fbchat_event_count(handle.get()); }

    /** Empty if absent. */
    std::string str(fbchat_field field, size_t item = 0) const
    {
        size_t length;
        const char *text = fbchat_event_str(handle.get(), item, field, &length);
        return text ? std::string(text, length) : std::string();
    }

    int64_t integer(fbchat_field field, size_t item = 0) const
    {
        int64_t value;
        check(fbchat_event_int(handle.get(), item, field, &value));
        return value;
    }

    /** 0 if absent. */
    fbchat_uid uid(fbchat_field field, size_t item = 0) const
    {
        return fbchat_event_uid(handle.get(), item, field);
    }

private:
    Handle<fbchat_event, fbchat_event_free> handle;
};

class Client {
public:
    explicit Client(const Config &config)
    {
        fbchat_client *client;
        check(fbchat_client_new(config.get(), &client));
        handle.reset(client);
    }

    int descriptor() const { return fbchat_client_fd(handle.get()); }

    /** The next event; none after timeout_ms milliseconds (0 = do not wait, -1 = no limit) or a wake. */
    Event poll(int32_t timeout_ms)
    {
        fbchat_event *event;
        check(fbchat_client_poll(handle.get(), timeout_ms, &event));
        return Event(event);
    }

    fbchat_client *get() const { return handle.get(); }

private:
    Handle<fbchat_client, fbchat_client_free> handle;
};

/** Closed when it goes out of scope; must not outlive its client. */
class Session {
public:
    explicit Session(Client &owner) : client(owner.get())
    {
        check(fbchat_session_open(client, nullptr, nullptr, &session));
    }

    ~Session() { fbchat_session_close(client, session); }
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    void login(const std::string &email, const std::string &password)
    {
        check(fbchat_session_login(client, session, email.c_str(), password.c_str(), nullptr));
    }

    void send(fbchat_uid to, const std::string &text)
    {
        check(fbchat_session_send(client, session, to, text.c_str(), nullptr));
    }

    void logout() { check(fbchat_session_logout(client, session, nullptr)); }

private:
    fbchat_client *client;
    fbchat_session session;
};

} // namespace fbchat

/** Standard input line by line, without reading ahead of poll(2) as std::cin would. */
class Input {
public:
    /** Reads what is available; false at the end. */
    bool read()
    {
        char buffer[4096];
        const ssize_t length = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (length <= 0) {
            if (!text.empty())
                text += '\n'; // the last line may lack it
            return false;
        }
        text.append(buffer, static_cast<size_t>(length));
        return true;
    }

    bool next(std::string &line)
    {
        const size_t end = text.find('\n');
        if (end == std::string::npos)
            return false;
        line = text.substr(0, end);
        text.erase(0, end + 1);
        return true;
    }

private:
    std::string text;
};

static fbchat_uid show_buddies(const fbchat::Event &list, const std::string &wanted)
{
    fbchat_uid found = 0;
    for (size_t i = 0; i < list.count(); i++) {
        const bool online = list.integer(FBCHAT_FIELD_PRESENCE, i) != FBCHAT_PRESENCE_OFFLINE;
        const std::string name = list.str(FBCHAT_FIELD_NAME, i);
        std::cout << (online ? "+ " : "- ") << name << std::endl;
        if (name == wanted)
            found = list.uid(FBCHAT_FIELD_UID, i);
    }
    return found;
}

static bool chat(fbchat::Client &client, fbchat::Session &session, const std::string &name)
{
    Input input;
    std::string line;
    fbchat_uid buddy = 0;
    int unanswered = 0;
    bool at_end = false, leaving = false;

    for (;;) {
        pollfd watch[] = {{client.descriptor(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        ::poll(watch, buddy && !at_end && unanswered < 100 ? 2 : 1, -1);
        if (watch[1].revents)
            at_end = !input.read();
        while (input.next(line)) {
            try {
                session.send(buddy, line);
                unanswered++;
            } catch (const fbchat::Error &error) {
                std::cerr << error.what() << std::endl;
            }
        }
        while (const fbchat::Event event = client.poll(0)) {
            if (event.failed())
                std::cerr << event.str(FBCHAT_FIELD_REASON) << std::endl;
            switch (event.kind()) {
            case FBCHAT_EVENT_BUDDY_LIST:
                buddy = show_buddies(event, name);
                if (!buddy) {
                    std::cerr << "No buddy is named " << name << "." << std::endl;
                    at_end = true;
                }
                break;
            case FBCHAT_EVENT_MESSAGE:
                std::cout << event.str(FBCHAT_FIELD_FROM_NAME) << ": " << event.str(FBCHAT_FIELD_TEXT) << std::endl;
                break;
            case FBCHAT_EVENT_SENT:
            case FBCHAT_EVENT_FAILED:
                unanswered--;
                break;
            case FBCHAT_EVENT_LOGIN_FAILED:
            case FBCHAT_EVENT_CHALLENGE:
                return false;
            case FBCHAT_EVENT_CLOSED:
                return buddy && !event.failed();
            }
        }
        if (at_end && unanswered == 0 && !leaving) {
            session.logout();
            leaving = true;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        std::cerr << "usage: chat SERVER EMAIL PASSWORD-FILE BUDDY" << std::endl;
        return 2;
    }
    try {
        std::ifstream file(argv[3]);
        std::string password;
        if (!std::getline(file, password))
            throw std::runtime_error(std::string("There is no password in ") + argv[3]);
        fbchat::Client client(fbchat::Config().set(FBCHAT_CONFIG_SERVER, argv[1]));
        fbchat::Session session(client); // goes before its client
        session.login(argv[2], password);
        return chat(client, session, argv[4]) ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << error.what() << std::endl;
        return 1;
    }
}
