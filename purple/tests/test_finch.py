# SPDX-License-Identifier: GPL-2.0-or-later
"""Finch: Alice signs on, Bob writes, Alice answers at the keyboard."""

import os
import re

from case import ALICE, BOB, NASTY
from fbchat_testkit import until
from finch import FinchCase
from headless import AUTHENTICATION_FAILED, RECV, plain


class Finch(FinchCase):
    def test_alice_and_bob(self):
        server = self.demo()
        self.start_with_account(server.url)
        # Online friends are marked by an open circle, the others by a crossed one.
        self.assertRegex(self.shows(r"◯ Echo"), r"⊗ Bob Example")

        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        self.shows(r"◯ Bob Example")
        bob.do("send", BOB, alice, text=NASTY)
        self.shows(r"┤Bob Example .*├")
        self.shows(re.escape(f"Bob Example: {NASTY}"))

        # Alice switches to the second window and answers.
        self.press("M-2")
        typed = "Hello <Bob> & all: 100% \"fine\" é"
        self.type(typed)
        self.shows(re.escape(typed))
        bob.wait("typing", account=BOB, who=alice, state="1")
        self.press("Enter")
        self.assertEqual(plain(bob.message(BOB, alice, RECV)["markup"]), typed)
        self.shows(re.escape(f"Alice Example: {typed}"))
        bob.do("send", BOB, alice, text="And now\nin two lines.")
        self.shows(r"Bob Example: And now.*\n.*in two lines\.")
        self.type("/me waves")
        self.press("Enter")
        self.assertEqual(bob.message(BOB, alice, RECV)["markup"], "/me waves")
        self.shows(r"\*\*\* Alice Example waves")
        bob.do("send", BOB, alice, text="/me waves back")
        self.shows(r"\*\*\* Bob Example waves back")
        bob.do("file", BOB, alice, text=os.path.join(os.path.dirname(__file__), "valgrind.supp"))
        self.shows(r"Bob Example: valgrind\.supp \(\d+ bytes\)")
        bob.do("typing", BOB, alice, text="1")
        self.shows(r"Bob Example is typing")
        self.keep_screen("finch.txt")

        # Bob signs off and Alice sees it; then she quits.
        bob.do("disconnect", BOB)
        self.shows(r"⊗ Bob Example")
        self.press("M-q")
        self.assertEqual(until("the end of Finch", self.status), "0\n")

    def test_account_added_at_the_keyboard(self):
        """As docs/finch.md describes it."""
        server = self.demo()
        self.start()
        # At the first start, both windows are open already.
        self.shows("┤New Account├")
        self.press("M-c")
        self.shows("┤Accounts├")
        self.press("M-c")
        self.shows("┤Buddy List├")
        self.press("M-a")
        self.shows("┤Actions├")
        self.press("Enter")
        self.shows("┤Accounts├")
        self.press("Tab", "Enter")
        self.shows("┤New Account├")
        self.press("Space")
        self.shows(r"│Facebook Chat \(fbchat\)")
        self.press("F", "Enter")
        self.shows(r"Protocol: +│Facebook Chat \(fbchat\)")

        self.press("Tab")
        self.type(ALICE)
        self.press("Tab")
        self.type("demo")
        # Skips the alias.
        self.press("Tab", "Tab", "Space")
        self.shows(rf"Username: +{ALICE}_")
        self.shows(r"Password: +····_")
        self.shows(r"\[X\] Remember password")
        self.press("Tab", "Tab", "Tab", "C-u")
        self.shows(r"Server +_+│")
        self.type(server.url)
        # The field is narrower than the address.
        self.shows(rf"Server +\S+{server.url[-10:]}_│")
        self.keep_screen("finch-account.txt")
        # Skips six options and Cancel, to Save.
        self.press(*["Tab"] * 8, "Enter")
        self.shows(rf"\[X\] {ALICE}")
        self.press("M-c")
        self.assertRegex(self.shows(r"◯ Echo"), r"⊗ Bob Example")

    def test_wrong_password(self):
        server = self.demo()
        # The same text as in any other host.
        host = self.host("alice")
        host.do("account", ALICE, "wrong", server.url)
        error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), AUTHENTICATION_FAILED)
        self.start_with_account(server.url, "wrong")
        # The buddy list covers a part of the window with the text.
        self.shows("Modify Account")
        self.press("M-2")
        self.shows(re.escape(error["text"]))
