# SPDX-License-Identifier: GPL-2.0-or-later
"""People who are not on the buddy list, in BitlBee: a nick made of their name, and BitlBee's own setting for strangers."""

from case import NASTY
from fbchat_testkit.rewriting_proxy import RewritingProxy
from test_bitlbee import TAG, InBitlBee
from test_strangers import EVE, message


class Strangers(InBitlBee):
    def signed_on(self):
        self.front = RewritingProxy(self.demo().address)
        self.addCleanup(self.front.close)
        irc = self.irc()
        self.sign_on(irc, self.front.url)
        irc.heard(r"^:Echo!\d+@fbchat JOIN :&bitlbee")
        return irc

    def echo(self, irc):
        """Makes the channel answer, and waits for it."""
        irc.say("PRIVMSG Echo :Is anybody there?")
        irc.said_by("Echo", "alice")

    def test_nick_is_made_of_the_name(self):
        irc = self.signed_on()
        self.front.add_items(message("one", "Eve Stranger"), message(NASTY, "Eve Stranger"))
        self.echo(irc)
        said = irc.unread(f"!{EVE}@{TAG} PRIVMSG")
        self.assertEqual([line.split("!")[0] for line in said], [":EveStranger"] * 2)
        self.assertEqual([line.split("PRIVMSG &bitlbee :alice: ")[1] for line in said], ["one", NASTY])
        self.assertEqual(irc.unread(f":_{EVE}!.* PRIVMSG"), [])

    def test_strangers_can_be_ignored(self):
        irc = self.signed_on()
        irc.root("set handle_unknown ignore", "handle_unknown = ")
        self.front.add_items(message("one", "Eve Stranger"))
        self.echo(irc)
        self.assertEqual(irc.unread("Eve|777"), [])
