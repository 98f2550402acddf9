# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocking in Finch, with the menu of a friend."""

from case import BOB
from finch import FinchCase


class Privacy(FinchCase):
    def test_blocked_in_the_menu(self):
        bob, alice = self.alice_and_bob()
        self.shows(r"◯ Bob Example")
        self.press("C-n")
        self.shows(r"Nickname: Bob Example")
        self.press("F11")
        self.shows(r"\[ \] Blocked +\(b\)")
        self.press("b")
        self.wait_online(bob, BOB, alice, online="0")
        bob.do("send", BOB, alice, text="is anybody there")
        bob.wait_for(lambda item: item["event"] == "message" and "no longer online" in item["markup"], "a failure")
        self.press("F11")
        self.shows(r"\[X\] Blocked +\(b\)")
        self.press("b")
        self.wait_online(bob, BOB, alice)
        bob.do("send", BOB, alice, text="here you are")
        self.assertNotIn("anybody", self.shows("Bob Example: here you are"))
