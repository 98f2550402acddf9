# SPDX-License-Identifier: GPL-2.0-or-later
"""Friends in Pidgin: pictures and status, offline messages, a request, a failure, and a restart of the server."""

import contextlib
import os
import sqlite3
import time

from case import ALICE, BOB, OnDisk
from fbchat_testkit import Lines, run, until
from headless import DELAYED, ERROR, RECV, REMOTE_SEND, SEND, plain
from pidgin import TITLE, PidginCase, pidgin

# Each with the colour of the picture.
FRIENDS = {"Carol": "#c4512d", "Dave": "#5b8c3a", "Erin": "#7a4fa3", "Frank": "#8a6d3b"}
DAY = 86400


class People(PidginCase, OnDisk):
    settings = "idle_after_s = 8\nhold_s = 2\n"

    def setUp(self):
        super().setUp()
        for name in FRIENDS:
            self.admin("user", "add", self.address(name), "--name", f"{name} Example", stdin="demo\n")
            if name != "Frank":
                self.admin("friend", "add", ALICE, self.address(name))

    def address(self, name):
        return f"{name.lower()}@example.org"

    def picture(self, host, name, colour):
        """A simple portrait: the first letter of the name."""
        path = os.path.join(self.data, f"{name}.png")
        run("convert", "-size", "96x96", f"xc:{colour}", "-fill", "white", "-font", "DejaVu-Sans", "-pointsize", "64",
            "-gravity", "center", "-annotate", "0", name[0], path)
        host.do("icon", self.address(name), path)

    def shown(self, conversation):
        """The messages of a conversation, oldest first: text, flags, time."""
        return [(plain(pidgin("PurpleConversationMessageGetMessage", message)),
                 pidgin("PurpleConversationMessageGetFlags", message),
                 pidgin("PurpleConversationMessageGetTimestamp", message))
                for message in reversed(pidgin("PurpleConversationGetMessageHistory", conversation))]

    def conversation(self):
        return until("a conversation", lambda: pidgin("PurpleGetIms"))[0]

    def wait_shown(self, conversation, count):
        until(f"{count} lines", lambda: len(self.shown(conversation)) == count)

    def signals(self):
        """The signals of Pidgin on the bus from now on."""
        signals = Lines(["gdbus", "monitor", "--session", "--dest", "im.pidgin.purple.PurpleService"], self.log("signals"))
        self.addCleanup(signals.stop)
        signals.wait_for(lambda line: "is owned by" in line, "the monitor")
        return signals

    def test_friends_and_what_they_wrote(self):
        self.start()
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        before = int(time.time())
        bob.do("send", BOB, alice, text="Are you coming to the lake tomorrow? 🏊")
        bob.do("send", BOB, alice, text="Bring <b>sandwiches</b> & coffee!")
        until("both on disk", lambda: self.database("SELECT count(*) FROM messages") == 2)
        bob.quit()
        self.server.stop()
        # The only way to have a message of yesterday.
        self.database(f"UPDATE messages SET time = time - {DAY * 1000}")
        self.start()

        others = self.host("others")
        for name in ("Bob", "Carol", "Dave"):
            self.sign_on(others, self.address(name), self.server.url)
        self.picture(others, "Bob", "#2d6cc4")
        self.picture(others, "Carol", FRIENDS["Carol"])
        others.do("message", BOB, "available", text="packing for the &lt;lake&gt; &amp; sun")
        others.do("message", self.address("Carol"), "away", text="at lunch")
        self.start_demo(self.server.url)
        account = self.signed_on(ALICE)

        # The messages of Alice's absence, with their times.
        conversation = self.conversation()
        self.wait_shown(conversation, 2)
        for text, flags, when in self.shown(conversation):
            self.assertEqual(flags & (RECV | DELAYED | SEND), RECV | DELAYED)
            self.assertTrue(before - 1 - DAY <= when <= time.time() + 1 - DAY, f"{text} came {when}")
        # Alice's messages from here and from another program.
        self.focus("Bob Example")
        self.write("Of course, at ten")
        self.press("Return")
        self.wait_shown(conversation, 3)
        phone = self.host("phone")
        self.sign_on(phone, ALICE, self.server.url)
        bob = self.uid(phone, ALICE, "Bob Example")
        phone.do("send", ALICE, bob, text="On my way (from my phone)")
        self.wait_shown(conversation, 4)
        others.do("send", BOB, alice, text="See you there!")
        self.wait_shown(conversation, 5)
        texts, flags, _ = zip(*self.shown(conversation))
        self.assertEqual(texts, ("Are you coming to the lake tomorrow? 🏊", "Bring <b>sandwiches</b> & coffee!",
                                 "Of course, at ten", "On my way (from my phone)", "See you there!"))
        self.assertEqual([flag & (SEND | RECV | REMOTE_SEND | DELAYED) for flag in flags[2:]],
                         [SEND, SEND | REMOTE_SEND, RECV])
        others.do("typing", BOB, alice, text="1")
        until("Bob typing", lambda: pidgin("PurpleConvImGetTypingState", pidgin("PurpleConvIm", conversation)) == 1)
        presence = pidgin("PurpleBuddyGetPresence", self.buddy(account, "Carol Example"))
        until("Carol is idle", lambda: pidgin("PurplePresenceIsIdle", presence))
        for name in ("Bob", "Carol"):
            until("pictures", lambda: pidgin("PurpleBuddyGetIcon", self.buddy(account, f"{name} Example")))
        # For some seconds, the icon of a door marks users who sign on; its brown is nowhere else.
        until("icons of their status", lambda: "#8F5902" not in self.drawn("Buddy List"))
        run("xdotool", "windowmove", self.focus("Bob Example"), "340", "40")
        self.screenshot("pidgin.png")

        # A message to an unknown user: the error is shown in its conversation, and the text is not lost.
        nobody = pidgin("PurpleConversationNew", 1, account, "999999999")
        self.press("alt+2")
        window = self.focus("999999999")
        self.write("Is there anybody <out> there?")
        self.press("Return")
        until("a failure", lambda: [1 for text, flag, _ in self.shown(nobody)
                                         if flag & ERROR and "Is there anybody <out> there?" in text])
        self.screenshot("pidgin-failure.png", window)

    def database(self, statement):
        with contextlib.closing(sqlite3.connect(os.path.join(self.data, "fbchatd.db"))) as database, database:
            return (database.execute(statement).fetchone() or [None])[0]

    def test_friendship_begins_and_does_not_end_by_mistake(self):
        self.start()
        self.start_demo(self.server.url)
        account = self.signed_on(ALICE)
        signals = self.signals()
        before = self.drawn("Buddy List")
        frank = self.host("frank")
        self.sign_on(frank, self.address("Frank"), self.server.url)
        frank.do("add", self.address("Frank"), ALICE, text="We met at the <lake> & you had coffee")
        signals.wait_for(lambda line: "AccountAuthorizationRequested" in line, "the request")
        # In the list, not in a window of its own. The last button accepts.
        window = self.focus("Buddy List")
        until("the request in the list", lambda: self.drawn("Buddy List") != before)
        self.screenshot("pidgin-request.png", window)
        self.press("Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "space")
        until("Frank is a friend", lambda: self.buddy_online(account, "Frank Example"))
        frank.wait("buddy-signed-on", alias="Alice Example")

        # Bob is removed from the list, which does not end the friendship without a confirmation.
        buddy = self.buddy(account, "Bob Example")
        pidgin("PurpleAccountRemoveBuddy", account, buddy, pidgin("PurpleBuddyGetGroup", buddy))
        pidgin("PurpleBlistRemoveBuddy", buddy)
        self.screenshot("pidgin-friendship.png", self.focus(TITLE))
        friends = self.database("SELECT count(*) FROM friends")
        self.press("alt+o")
        until("the question's end", lambda: set(self.windows()) == {"Buddy List"})
        self.assertIsNone(self.buddy(account, "Bob Example"))
        self.assertEqual(self.database("SELECT count(*) FROM friends"), friends)

    def test_restart_of_the_server_is_not_seen(self):
        self.start()
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        self.start_demo(self.server.url)
        account = self.signed_on(ALICE)
        until("Bob online", lambda: self.buddy_online(account, "Bob Example"))
        until("the list's window", lambda: set(self.windows()) == {"Buddy List"})
        signals = self.signals()
        self.server.stop()
        bob.do("send", BOB, alice, text="meanwhile")
        bob.message(BOB, alice, SEND)
        self.start()
        conversation = self.conversation()
        until("what was written meanwhile", lambda: self.history(conversation) == ["meanwhile"])
        bob.do("send", BOB, alice, text="after")
        until("what was written after", lambda: self.history(conversation) == ["after", "meanwhile"])
        signals.wait_for(lambda line: "ReceivedImMsg" in line, "a signal of a message")
        self.assertEqual([line for line in signals.items if "Error" in line or "Signed" in line or "Signing" in line], [])
        # There is no dialog either; the title shows unread messages.
        self.assertEqual({title.strip("() 0123456789") for title in self.windows()}, {"Buddy List", "Bob Example"})
