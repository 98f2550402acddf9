#!/usr/bin/env python3
"""Chats with a buddy, line by line, until the input ends: chat.py SERVER EMAIL PASSWORD-FILE BUDDY

Looks for libfbchat.so.0 where the system's loader does; LD_LIBRARY_PATH names other places.
"""
import ctypes
import os
import select
import sys
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint64, c_void_p

# From fbchat.h. Numbers there never change their meaning.
OK = 0
CONFIG_SERVER = 1
LOGGED_IN, LOGIN_FAILED, CHALLENGE, MESSAGE, SENT, FAILED, BUDDY_LIST, CLOSED = 1, 2, 3, 5, 6, 7, 9, 11
UID, NAME, PRESENCE, FROM_NAME, TEXT, REASON = 1, 2, 4, 9, 11, 18
PRESENCE_OFFLINE = 0

FUNCTIONS = {  # name: (result, arguments)
    "abi_version": (ctypes.c_uint32, []),
    "last_error": (c_char_p, []),
    "config_new": (c_int32, [POINTER(c_void_p)]),
    "config_set_str": (c_int32, [c_void_p, c_int32, c_char_p]),
    "config_free": (None, [c_void_p]),
    "client_new": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "client_fd": (c_int32, [c_void_p]),
    "client_poll": (c_int32, [c_void_p, c_int32, POINTER(c_void_p)]),
    "client_free": (None, [c_void_p]),
    "session_open": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_uint64)]),
    "session_login": (c_int32, [c_void_p, c_uint64, c_char_p, c_char_p, POINTER(c_uint64)]),
    "session_send": (c_int32, [c_void_p, c_uint64, c_uint64, c_char_p, POINTER(c_uint64)]),
    "session_logout": (c_int32, [c_void_p, c_uint64, POINTER(c_uint64)]),
    "event_kind": (c_int32, [c_void_p]),
    "event_status": (c_int32, [c_void_p]),
    "event_count": (c_size_t, [c_void_p]),
    "event_int": (c_int32, [c_void_p, c_size_t, c_int32, POINTER(c_int64)]),
    "event_uid": (c_uint64, [c_void_p, c_size_t, c_int32]),
    "event_str": (c_char_p, [c_void_p, c_size_t, c_int32, POINTER(c_size_t)]),
    "event_free": (None, [c_void_p]),
}


class Error(Exception):
    """A call failed; the message is the library's."""


class Library:
    """The functions without their prefix. Those that return a status raise Error when they fail."""

    def __init__(self, path="libfbchat.so.0"):
        library = ctypes.CDLL(path)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, "fbchat_" + name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        # Before the check is put in: it reads the thread's last error itself.
        for name in ("config_new", "config_set_str", "client_new", "client_poll", "session_open", "session_login",
                     "session_send", "session_logout"):
            getattr(self, name).errcheck = self._check
        if self.abi_version() != 0:
            raise Error("libfbchat has another interface than this program was written for")

    def _check(self, status, _function, _arguments):
        if status < OK:
            raise Error(self.last_error().decode())
        return status


class Event:
    """A copy of the fields that this program needs; the library's event is freed at once."""

    def __init__(self, fb, pointer):
        self.kind = fb.event_kind(pointer)
        self.failed = fb.event_status(pointer) < OK
        self.items = [self._item(fb, pointer, i) for i in range(fb.event_count(pointer))]
        fb.event_free(pointer)

    @staticmethod
    def _item(fb, pointer, i):
        item = {}
        for field in (NAME, FROM_NAME, TEXT, REASON):
            text = fb.event_str(pointer, i, field, None)
            item[field] = "" if text is None else text.decode()
        value = c_int64()
        fb.event_int(pointer, i, PRESENCE, byref(value))
        item[PRESENCE] = value.value
        item[UID] = fb.event_uid(pointer, i, UID)
        return item


class Chat:
    """One client with one session."""

    def __init__(self, server, email, password):
        self.fb = Library()
        self.client = c_void_p()
        self.session = c_uint64()
        config = c_void_p()
        self.fb.config_new(byref(config))
        try:
            self.fb.config_set_str(config, CONFIG_SERVER, server.encode())
            self.fb.client_new(config, byref(self.client))
        finally:
            self.fb.config_free(config)
        self.fb.session_open(self.client, None, None, byref(self.session))
        self.fb.session_login(self.client, self.session, email.encode(), password, None)

    def fileno(self):
        """Lets select and asyncio watch for events."""
        return self.fb.client_fd(self.client)

    def events(self):
        """All waiting events."""
        pointer = c_void_p()
        while self.fb.client_poll(self.client, 0, byref(pointer)) == OK:
            yield Event(self.fb, pointer)

    def send(self, to, text):
        """Answered by SENT or FAILED, unless it raises Error."""
        self.fb.session_send(self.client, self.session, to, text, None)

    def logout(self):
        """Answered by CLOSED."""
        self.fb.session_logout(self.client, self.session, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.fb.client_free(self.client)


def run(chat, name):
    """Chats with the buddy of this name until the input ends; returns whether everything succeeded."""
    buddy, unanswered, at_end, leaving = 0, 0, False, False
    typed = b""
    while True:
        read_input = buddy and not at_end and unanswered < 100
        ready, _, _ = select.select([chat, 0] if read_input else [chat], [], [])
        if 0 in ready:
            new = os.read(0, 4096)
            at_end = not new
            *lines, typed = (typed + (new or b"\n")).split(b"\n")  # the last line may lack its end
            for line in filter(None, lines):
                try:
                    chat.send(buddy, line)
                    unanswered += 1
                except Error as error:
                    print(error, file=sys.stderr)
        for event in chat.events():
            first = event.items[0] if event.items else {}
            if event.failed:
                print(first.get(REASON), file=sys.stderr)
            if event.kind == BUDDY_LIST:
                for item in event.items:
                    print("-" if item[PRESENCE] == PRESENCE_OFFLINE else "+", item[NAME], flush=True)
                    if item[NAME] == name:
                        buddy = item[UID]
                if not buddy:
                    print(f"No buddy is named {name}.", file=sys.stderr)
                    at_end = True
            elif event.kind == MESSAGE:
                print(f"{first[FROM_NAME]}: {first[TEXT]}", flush=True)
            elif event.kind in (SENT, FAILED):
                unanswered -= 1
            elif event.kind in (LOGIN_FAILED, CHALLENGE, CLOSED):
                return event.kind == CLOSED and bool(buddy) and not event.failed
        if at_end and not unanswered and not leaving:
            leaving = True
            chat.logout()


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: chat.py SERVER EMAIL PASSWORD-FILE BUDDY")
    server, email, password_file, buddy = sys.argv[1:]
    try:
        with open(password_file, "rb") as file:
            password = file.readline().rstrip(b"\r\n")
        with Chat(server, email, password) as chat:
            return 0 if run(chat, buddy) else 1
    except (Error, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
