# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make run` opens: Alice signs on, Bob writes, Alice answers at the keyboard; and how it ends."""

import os
import pathlib
import re
import signal

from case import ALICE, BOB, NASTY
from fbchat_testkit import LIMIT, until
from headless import RECV, plain
from pidgin import PidginCase, pidgin


class Demo(PidginCase):
    """As `make run` starts it."""

    def setUp(self):
        super().setUp()
        self.server = self.demo()
        self.start_demo(self.server.url)

    def test_alice_and_bob(self):
        # Signed on, and Bob is on the list.
        account = self.signed_on(ALICE)
        self.assertTrue(self.buddy(account, "Bob Example"))
        self.assertFalse(self.buddy_online(account, "Bob Example"))
        until("the list's window", lambda: "Buddy List" in self.windows())

        # Bob signs on in another program and writes.
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        until("Bob online", lambda: self.buddy_online(account, "Bob Example"))
        bob.do("send", BOB, alice, text=NASTY)
        conversation = until("a conversation", lambda: pidgin("PurpleGetIms"))[0]
        self.assertEqual(pidgin("PurpleConversationGetTitle", conversation), "Bob Example")
        self.assertEqual(until("a message", lambda: self.history(conversation)), [NASTY])

        # Alice answers at the keyboard; Bob sees her typing and gets exactly what she typed.
        self.focus("Bob Example")
        typed = "Hello <Bob> & all: 100% \"fine\""
        self.write(typed)
        bob.wait("typing", account=BOB, who=alice, state="1")
        self.press("Return")
        self.assertEqual(plain(bob.message(BOB, alice, RECV)["markup"]), typed)
        bob.do("send", BOB, alice, text="And now\nin two lines.")
        until("the answer", lambda: self.history(conversation)[0] == "And now\nin two lines.")
        self.assertEqual(self.history(conversation), ["And now\nin two lines.", typed, NASTY])
        bob.do("typing", BOB, alice, text="1")
        until("Bob typing", lambda: pidgin("PurpleConvImGetTypingState", pidgin("PurpleConvIm", conversation)) == 1)

        # These two windows are visible, and no dialog.
        until("nothing but list and conversation",
                   lambda: {title.strip("() 0123456789") for title in self.windows()} == {"Buddy List", "Bob Example"})
        self.screenshot("pidgin-demo.png")

        # Pidgin shows what somebody does as such, and writes it into its log in the same form.
        self.write("/me waves")
        self.press("Return")
        self.assertEqual(bob.message(BOB, alice, RECV)["markup"], "/me waves")
        bob.do("send", BOB, alice, text="/me waves back")
        for line in ("***Alice Example waves", "***Bob Example waves back"):
            until(line, lambda: line in self.logged())

        # Bob signs off and Alice sees it. Then she quits, and the profile is removed.
        bob.do("disconnect", BOB)
        until("Bob offline", lambda: not self.buddy_online(account, "Bob Example"))
        pidgin("PurpleCoreQuit")
        self.pidgin.process.wait(LIMIT)
        self.assertEqual(self.pidgin.process.returncode, 0)
        self.assert_nothing_left()

    def logged(self):
        """The text of the log of all conversations."""
        logs = pathlib.Path(self.directory).glob("**/logs/**/*.html")
        return re.sub("<[^>]*>", "", "".join(log.read_text(encoding="utf-8") for log in logs))

    def assert_nothing_left(self):
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("fbchat-pidgin.")], [])

    def check_end(self, end):
        end()
        self.pidgin.process.wait(LIMIT)
        self.assertNotEqual(self.pidgin.process.returncode, 0)
        self.assert_nothing_left()
        # The output ends when no process holds it open: Pidgin has ended, too.
        self.pidgin.reader.join(LIMIT)
        self.assertFalse(self.pidgin.reader.is_alive())

    def test_interrupt_from_the_terminal_ends_all(self):
        self.check_end(lambda: os.killpg(self.pidgin.process.pid, signal.SIGINT))

    def test_end_of_the_script_ends_all(self):
        self.check_end(lambda: self.pidgin.process.terminate())
