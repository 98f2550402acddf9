# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocking in BitlBee, with its own commands."""

from case import BOB
from fbchat_testkit import until
from test_bitlbee import TAG, InBitlBee


class Privacy(InBitlBee):
    def test_blocked_and_allowed(self):
        _, irc, bob = self.with_bob()
        self.wait_online(bob, BOB, self.alice)
        irc.root("block BobExample", "moved from allow- to block-list")
        self.wait_online(bob, BOB, self.alice, online="0")
        bob.do("send", BOB, self.alice, text="is anybody there")
        bob.wait_for(lambda item: item["event"] == "message" and "no longer online" in item["markup"], "a failure")
        # BitlBee forgets its lists at sign-off; the server does not.
        irc.root(f"account {TAG} off", "Signing off")
        irc.root(f"account {TAG} on", "Logged in")
        irc.heard("^:BobExample!.* JOIN :&bitlbee")
        until("the list of the server", lambda: self.blocked(irc))
        self.assertEqual(bob.buddies(BOB)[self.alice]["online"], "0")
        irc.root("allow BobExample", "moved from block- to allow-list")
        self.wait_online(bob, BOB, self.alice)
        bob.do("send", BOB, self.alice, text="here you are")
        self.assertEqual(irc.said_by("BobExample", "alice"), "here you are")

    def blocked(self, irc):
        """Whether BitlBee lists Bob among the blocked."""
        irc.root(f"block {TAG}", "End of list")
        return irc.unread(r"^:root!.*\d+ +BobExample")
