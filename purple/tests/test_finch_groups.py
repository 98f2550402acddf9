# SPDX-License-Identifier: GPL-2.0-or-later
"""A group in Finch: its window, a message typed there, and leaving it with a command."""

from case import BOB
from finch import FinchCase
from headless import RECV, SYSTEM, plain


class Groups(FinchCase):
    def test_talk_and_leave(self):
        bob, alice = self.alice_and_bob()
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
