# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make run` opens: Alice signs on, Bob writes, Alice answers at the keyboard. And the ways in which it ends."""

import os
import signal

import peers
from case import ALICE, BOB, NASTY
from peers import RECV, eventually, plain
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
        eventually("the list's window", lambda: "Buddy List" in self.windows())

        # Bob comes, in another program, and writes.
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        eventually("Bob online", lambda: self.buddy_online(account, "Bob Example"))
        bob.do("send", BOB, alice, text=NASTY)
        conversation = eventually("a conversation", lambda: pidgin("PurpleGetIms"))[0]
        self.assertEqual(pidgin("PurpleConversationGetTitle", conversation), "Bob Example")
        self.assertEqual(eventually("a message", lambda: self.history(conversation)), [NASTY])

        # Alice answers at the keyboard; Bob sees her typing and gets exactly what she typed.
        self.focus("Bob Example")
        typed = "Hello <Bob> & all: 100% \"fine\""
        self.write(typed)
        bob.wait("typing", account=BOB, who=alice, state="1")
        self.press("Return")
        self.assertEqual(plain(bob.message(BOB, alice, RECV)["markup"]), typed)
        bob.do("send", BOB, alice, text="And now\nin two lines.")
        eventually("the answer", lambda: self.history(conversation)[0] == "And now\nin two lines.")
        self.assertEqual(self.history(conversation), ["And now\nin two lines.", typed, NASTY])
        bob.do("typing", BOB, alice, text="1")
        eventually("Bob typing", lambda: pidgin("PurpleConvImGetTypingState", pidgin("PurpleConvIm", conversation)) == 1)

        # What a person sees: these two windows and no dialog.
        eventually("nothing but list and conversation",
                   lambda: {title.strip("() 0123456789") for title in self.windows()} == {"Buddy List", "Bob Example"})
        self.screenshot("pidgin-demo.png")

        # Bob goes; Alice sees it. Then she quits, and nothing of the profile is left.
        bob.do("disconnect", BOB)
        eventually("Bob offline", lambda: not self.buddy_online(account, "Bob Example"))
        pidgin("PurpleCoreQuit")
        self.pidgin.process.wait(peers.LIMIT)
        self.assertEqual(self.pidgin.process.returncode, 0)
        self.assert_nothing_left()

    def assert_nothing_left(self):
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("fbchat-pidgin.")], [])

    def check_end(self, end):
        end()
        self.pidgin.process.wait(peers.LIMIT)
        self.assertNotEqual(self.pidgin.process.returncode, 0)
        self.assert_nothing_left()
        # The output ends when nobody holds it open any more: Pidgin is gone too.
        self.pidgin.reader.join(peers.LIMIT)
        self.assertFalse(self.pidgin.reader.is_alive())

    def test_interrupt_from_the_terminal_ends_all(self):
        self.check_end(lambda: os.killpg(self.pidgin.process.pid, signal.SIGINT))

    def test_end_of_the_script_ends_all(self):
        self.check_end(lambda: self.pidgin.process.terminate())
