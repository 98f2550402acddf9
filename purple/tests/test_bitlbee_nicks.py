# SPDX-License-Identifier: GPL-2.0-or-later
"""Nicks in BitlBee of people whose names are not in Latin letters, set up as docs/bitlbee.md says."""

import re

from case import ALICE, OnDisk
from fbchat_testkit.rewriting_proxy import RewritingProxy
from headless import RECV, plain
from test_bitlbee import TAG, InBitlBee
from test_strangers import EVE, message

# Name and nick.
PEOPLE = {
    "Анна": "Анна",
    "李雷": "李雷",
    "محمد": "محمد",
    "Ζωή Παπαδοπούλου": "ΖωήΠαπαδοπού",
    "José Ñandú": "JoséÑandú",
    "😀": "😀",
    "Jean-Luc O'Neil": "Jean-LucONeil",
}


class Nicks(OnDisk, InBitlBee):
    def test_names_of_all_scripts_are_readable(self):
        emails = {}
        for number, name in enumerate(PEOPLE):
            emails[name] = f"person{number}@example.org"
            self.admin("user", "add", emails[name], "--name", name, stdin="demo\n")
            self.admin("friend", "add", ALICE, emails[name])
        self.start()
        irc = self.irc()
        self.sign_on(irc, self.server.url)
        for name, nick in PEOPLE.items():
            friend = self.host(emails[name].split("@", maxsplit=1)[0])
            self.sign_on(friend, emails[name], self.server.url)
            irc.heard(rf"^:{re.escape(nick)}!\d+@{TAG} JOIN :&bitlbee")
            # Both ways.
            alice = self.uid(friend, emails[name], "Alice Example")
            friend.do("send", emails[name], alice, text=f"from {name}")
            self.assertEqual(irc.said_by(re.escape(nick), "alice"), f"from {name}")
            irc.say(f"PRIVMSG {nick} :to {name}")
            self.assertEqual(plain(friend.message(emails[name], alice, RECV)["markup"]), f"to {name}")
        self.assertEqual(irc.unread(f"^:_+!.*@{TAG}"), [])

    def test_strangers_too(self):
        self.start()
        front = RewritingProxy(self.server.address)
        self.addCleanup(front.close)
        irc = self.irc()
        self.sign_on(irc, front.url)
        front.add_items(message("one", "Ева Чужая"))
        # Makes the channel answer.
        bob = self.host("bob")
        self.sign_on(bob, "bob@example.org", self.server.url)
        bob.do("send", "bob@example.org", self.uid(bob, "bob@example.org", "Alice Example"), text="Hello")
        irc.heard(rf"^:ЕваЧужая!{EVE}@{TAG} PRIVMSG &bitlbee :alice: one")
