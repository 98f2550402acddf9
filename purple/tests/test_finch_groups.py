# SPDX-License-Identifier: GPL-2.0-or-later
"""A group in Finch: its window, a message typed there, and leaving it with a command."""

import test_finch
from case import BOB
from headless import RECV, SYSTEM, plain


class Groups(test_finch.Finch):
    # Only its means, not its tests.
    test_alice_and_bob = test_account_added_at_the_keyboard = test_wrong_password = None

    def test_talk_and_leave(self):
        server, bob = self.demo(), self.host("bob")
        self.start_with_account(server.url)
        self.shows(r"◯ Echo")
        self.sign_on(bob, BOB, server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        bob.do("join", BOB, "-", text="Lunch")
        group = bob.wait("joined")["with"]
        bob.do("invite", BOB, group, text=alice)
        self.shows(r"Bob Example added Alice Example\.")
        self.assertRegex(self.shows(r"┤Lunch"), "Groups")
        bob.do("send", BOB, group, text="Noon?")
        self.shows(r"Bob Example: Noon\?")
        self.press("M-2")
        self.type("Fine")
        self.press("Enter")
        self.assertEqual(plain(bob.message(BOB, group, RECV)["markup"]), "Fine")
        self.keep_screen("finch-group.txt")
        self.type("/leave")
        self.press("Enter")
        bob.wait_for(lambda item: item["event"] == "message" and int(item["flags"]) & SYSTEM
                     and item["markup"] == "Alice Example left the group.", "the notice")
