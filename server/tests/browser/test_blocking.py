"""Blocking somebody in a conversation, and unblocking them there and in the settings."""

from case import Case
from browser import until


class Blocking(Case):
    def test_block_and_unblock(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        other.sees("#friend_list .state", "online")
        one.chat("Bob Example")
        # Nothing happens before the question is answered.
        one.click("[aria-label='Block… Bob Example']")
        one.sees(".block_line", "They will see you offline")
        self.screenshot(one, "block")
        one.click("[aria-label='Cancel Bob Example']")
        one.click("[aria-label='Block… Bob Example']")
        one.click("[aria-label='Block Bob Example']")
        one.sees(".block_line", "You have blocked this person.")
        other.sees("#friend_list .state", "offline")
        other.chat("Alice Example")
        other.send("Is anybody there?")
        other.sees(".chat", "This person is no longer online.")
        one.send("A monologue")
        one.sees(".chat", "You have blocked this person. Unblock them to write to them.")

        one.click("a[href='#settings']")
        one.sees("#blocked_list", "Bob Example")
        self.screenshot(one, "blocked")
        one.click("[aria-label='Unblock Bob Example']")
        one.sees("#blocked_said", "Bob Example is no longer blocked.")
        one.find("#nobody_blocked")
        until("the line in the conversation", lambda: "You have blocked" not in " ".join(one.text(".block_line")))
        other.sees("#friend_list .state", "online")
