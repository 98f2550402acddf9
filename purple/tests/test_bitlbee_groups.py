# SPDX-License-Identifier: GPL-2.0-or-later
"""Groups as channels of BitlBee."""

from case import BOB
from headless import RECV, SYSTEM, plain
from test_bitlbee import TAG, InBitlBee


class Groups(InBitlBee):
    def said(self, irc, channel, text):
        """Waits for what Bob says in a channel."""
        self.assertEqual(irc.said_by("BobExample", channel), text)

    def test_talk_part_and_join(self):
        _, irc, bob = self.with_bob()
        bob.do("join", BOB, "-", text="Lunch time")
        group = bob.wait("joined")["with"]
        self.assertEqual(self.notice(bob, group), "Bob Example created the group.")
        bob.do("invite", BOB, group, text=self.alice)
        self.assertEqual(self.notice(bob, group), "Bob Example added Alice Example.")
        irc.heard("^:alice!.* JOIN :#Lunchtime")
        self.assertEqual(irc.heard(" 332 alice #Lunchtime ").split(" :", 1)[1], "Lunch time")
        irc.heard("^:BobExample!.* JOIN :#Lunchtime")
        self.said(irc, "#Lunchtime", "Bob Example added Alice Example.")
        bob.do("send", BOB, group, text="hello\nall")
        self.said(irc, "#Lunchtime", "hello")
        self.said(irc, "#Lunchtime", "all")
        irc.say("PRIVMSG #Lunchtime :Noon? <b>")
        self.assertEqual(plain(bob.message(BOB, group, RECV)["markup"]), "Noon? <b>")
        # Leaving the channel is not leaving the group: the next message opens it again.
        irc.say("PART #Lunchtime")
        irc.heard("^:alice!.* PART #Lunchtime")
        bob.do("send", BOB, group, text="still there?")
        irc.heard("^:alice!.* JOIN :#Lunchtime")
        self.said(irc, "#Lunchtime", "still there?")
        # The list of the user's groups, and one of them under another name.
        irc.say("PART #Lunchtime")
        irc.heard("^:alice!.* PART #Lunchtime")
        irc.say(f"PRIVMSG &bitlbee :chat list {TAG}")
        irc.heard(rf"^:root!.*1  {group} +Lunch time")
        irc.root(f"chat add {TAG} !1 #food", "successfully added")
        irc.say("JOIN #food")
        irc.heard("^:alice!.* JOIN :#food")
        irc.say("PRIVMSG #food :in another channel")
        self.assertEqual(plain(bob.message(BOB, group, RECV)["markup"]), "in another channel")
        bob.do("send", BOB, group, text="me too")
        self.said(irc, "#food", "me too")
        # Only the owner can remove somebody, and everybody can rename and leave.
        irc.say("KICK #food BobExample :enough")
        irc.heard("^:root!.*Only the owner can remove members")
        irc.say("TOPIC #food :Tea")
        self.assertEqual(self.notice(bob, group), 'Alice Example named the group "Tea".')
        irc.say("PRIVMSG #food :/leave")
        self.assertEqual(self.notice(bob, group), "Alice Example left the group.")
        # Nobody was there under a number.
        self.assertEqual(irc.unread("^:_?100"), [])

    def notice(self, host, group):
        return plain(host.message(BOB, group, SYSTEM)["markup"])
