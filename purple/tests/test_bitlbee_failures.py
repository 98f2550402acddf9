# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures in BitlBee, which drops the error lines of conversations: they are told in the control channel."""

import os
import re

from case import BOB, OnDisk
from fbchat_testkit import LIMIT
from fbchat_testkit.rewriting_proxy import RewritingProxy
from headless import RECV, plain
from test_bitlbee import TAG, InBitlBee
from test_failures import OFFLINE, SEND_PHP

LINES = 400


class Refused(InBitlBee):
    def test_message_that_was_refused(self):
        front = RewritingProxy(self.demo().address)
        self.addCleanup(front.close)
        irc = self.irc()
        self.sign_on(irc, front.url)
        irc.heard(r"^:Echo!\d+@fbchat JOIN :&bitlbee")
        front.change(SEND_PHP, OFFLINE)
        irc.say("PRIVMSG Echo :Are you there?")
        irc.heard("^:root!.*Error: Facebook Chat - Echo - This person is no longer online. This message was not sent:")
        irc.heard("^:root!.* :.*Are you there\\?$")
        # Nobody has said it, and it was told once.
        self.assertEqual(irc.unread("^:Echo!.* PRIVMSG|Are you there"), [])


class Quitting(InBitlBee):
    def test_last_lines_arrive_once(self):
        server, irc, bob = self.with_bob()
        texts = ["one", "two", "three"]
        for text in texts:
            irc.say(f"PRIVMSG BobExample :{text}")
        irc.say("QUIT")
        irc.process.wait(LIMIT)
        self.assertEqual(irc.process.returncode, 0)
        # What there was no time for is sent at the next sign-on; here the account is added again first.
        irc = self.irc(irc.directory)
        self.sign_on(irc, server.url)
        irc.heard("^:BobExample!.* JOIN :&bitlbee")
        irc.say("PRIVMSG BobExample :the end")
        texts.append("the end")
        self.assertEqual([plain(bob.message(BOB, self.alice, RECV)["markup"]) for _ in texts], texts)


class Stopped(OnDisk, InBitlBee):
    def stopped(self):
        """Alice in BitlBee; the server is gone."""
        self.start()
        irc, bob = self.irc(), self.host("bob")
        self.sign_on(irc, self.server.url)
        self.sign_on(bob, BOB, self.server.url)
        self.alice = self.uid(bob, BOB, "Alice Example")
        irc.heard("^:BobExample!.* JOIN")
        self.server.stop()
        return irc, bob

    def paste(self, irc):
        # BitlBee drops what follows where one of its reads ends between a carriage return and a line feed.
        irc.connection.sendall("".join(f"PRIVMSG BobExample :line {number}.\n" for number in range(LINES)).encode())

    def told(self, irc):
        """The numbers of the lines that root has named."""
        return [int(re.search(r"line (\d+)\.$", line)[1]) for line in irc.unread(r"^:root!.*line \d+\.$")]

    def test_message_that_cannot_be_kept_is_told_at_sign_off(self):
        irc, _ = self.stopped()
        self.keep_nothing(os.path.join(irc.directory, "purple", "alice"), self.server.url)
        irc.say("PRIVMSG BobExample :Are you there?")
        irc.root(f"account {TAG} off", "Facebook Chat - Bob Example - .*may or may not have arrived:")
        irc.heard("^:root!.* :.*Are you there\\?$")

    def arrived(self, bob):
        return [plain(bob.message(BOB, self.alice, RECV, 100)["markup"]) for _ in range(LINES)]

    def test_every_pasted_line_arrives(self):
        irc, bob = self.stopped()
        self.paste(irc)
        # Commands come after what was pasted before them.
        irc.root("account list", "End of account list")
        self.start()
        self.assertEqual(self.arrived(bob), [f"line {number}." for number in range(LINES)])
        self.assertEqual(self.told(irc), [], "nothing was told that arrived")

    def test_quitting_with_lines_that_wait(self):
        irc, bob = self.stopped()
        self.paste(irc)
        irc.root("account list", "End of account list")
        irc.say("QUIT")
        irc.process.wait(LIMIT)
        self.assertEqual(irc.process.returncode, 0)
        # In the next run, which knows nothing of this account until it is added again.
        self.start()
        irc = self.irc(irc.directory)
        self.sign_on(irc, self.server.url)
        irc.heard("^:BobExample!.* JOIN :&bitlbee")
        self.assertEqual(self.arrived(bob), [f"line {number}." for number in range(LINES)])
        irc.say("PRIVMSG BobExample :the end")
        self.assertEqual(plain(bob.message(BOB, self.alice, RECV)["markup"]), "the end")
        self.assertEqual(self.told(irc), [])
