# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocking in Pidgin, with its own menus and dialogs."""

from case import BOB
from fbchat_testkit import until
from pidgin import PidginCase, pidgin


class Privacy(PidginCase):
    def test_blocked_in_a_conversation_and_listed_in_the_dialog(self):
        bob, alice, account = self.alice_and_bob()
        who = pidgin("PurpleBuddyGetName", until("Bob", lambda: self.buddy(account, "Bob Example")))
        pidgin("PurpleConversationNew", 1, account, who)
        self.focus("Bob Example")
        self.press("alt+c", "b")
        # Pidgin asks; its question has no title.
        until("a question", lambda: set(self.windows()) - {"Buddy List", "Bob Example"})
        self.press("alt+b")
        self.wait_online(bob, BOB, alice, online="0")
        self.focus("Buddy List")
        self.press("alt+t", "i")
        window = self.focus("Privacy")
        until("the list", lambda: len(set(self.drawn("Privacy").splitlines())) > 50)
        self.screenshot("pidgin-privacy.png", window)
        bob.do("send", BOB, alice, text="is anybody there")
        bob.wait_for(lambda item: item["event"] == "message" and "no longer online" in item["markup"], "a failure")
