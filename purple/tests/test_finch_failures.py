# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures of messages in Finch: a line in the conversation, with the text."""

from case import BOB
from fbchat_testkit.rewriting_proxy import RewritingProxy
from finch import FinchCase
from test_failures import OFFLINE, SEND_PHP


class Failures(FinchCase):
    def test_message_that_was_refused(self):
        server = self.demo()
        front = RewritingProxy(server.address)
        self.addCleanup(front.close)
        self.start_with_account(front.url)
        self.shows(r"◯ Echo")
        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        bob.do("send", BOB, self.uid(bob, BOB, "Alice Example"), text="Hello")
        self.shows("Bob Example: Hello")
        front.change(SEND_PHP, OFFLINE)
        self.press("M-2")
        self.type("Are you there?")
        self.press("Enter")
        self.shows(r"This person is no longer online\. This message(.|\n)*was not sent:(.|\n)*Are you there\?")
