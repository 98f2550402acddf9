# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers without our extensions tell only how much is unread: a mail notice, for accounts that want it, whenever it is more."""

import json
import re

from case import ALICE
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import NO_LOOP
from test_hostile import Hostile

LIST = "/ajax/presence/update.php"


class Counts(Hostile):
    def setUp(self):
        super().setUp()
        self.counts = {}
        self.lists = 0

        def without_extension(page):
            found = re.sub(rb"(notifications(&#34;|&quot;)?:)true", rb"\1false", page)
            return found if found != page else None

        def with_counts(body):
            reply = json.loads(body.removeprefix(NO_LOOP))
            reply["payload"]["notifications"] = self.counts
            self.lists += 1
            return NO_LOOP + json.dumps(reply).encode()

        self.proxy.change(LIST, with_counts, times=-1)
        self.proxy.change("/", without_extension, times=-1)

    def tell(self, host, **counts):
        """The server has these numbers, and the list is asked for once more."""
        self.counts, before = counts, self.lists
        host.do("action", ALICE, "Refresh the Buddy List")
        until("the list", lambda: self.lists > before)

    def test_rising_numbers_are_told_once(self):
        host = self.host("alice")
        self.counts = {"countNew": 2, "inboxCount": "3"}
        self.sign_on(host, ALICE, self.proxy.url, "check-mail=true")
        told = host.wait("mail-count", account=ALICE)
        self.assertEqual((told["count"], told["to"]), ("5", ALICE))
        self.assertTrue(told["url"].startswith(self.proxy.url))
        self.tell(host, countNew=2, inboxCount=3)
        self.tell(host, countNew=0, inboxCount=3)
        self.tell(host, countNew=0, inboxCount=4)
        self.assertEqual(host.wait("mail-count")["count"], "4")
        # The next sign-on is no news.
        host.do("disconnect", ALICE)
        host.do("connect", ALICE)
        host.wait("connected", account=ALICE)
        self.tell(host, countNew="1", inboxCount=4)
        self.assertEqual(host.wait("mail-count")["count"], "5")
        self.assertEqual(host.have("mail-count"), [])

    def test_numbers_that_nobody_can_have(self):
        host = self.host("alice")
        self.counts = {"countNew": 2 ** 40, "inboxCount": -7}
        self.sign_on(host, ALICE, self.proxy.url, "check-mail=true")
        self.tell(host, countNew=[], inboxCount={})
        # One would be told as a single mail.
        self.tell(host, countNew=0, inboxCount=2)
        until("a small number", lambda: [told["count"] for told in host.have("mail-count")][-1:] == ["2"])

    def test_none_unless_wanted(self):
        host = self.host("alice")
        self.counts = {"countNew": 2, "inboxCount": 3}
        self.sign_on(host, ALICE, self.proxy.url)
        self.tell(host, countNew=5, inboxCount=5)
        host.do("disconnect", ALICE)
        self.assertEqual(host.have("mail-count"), [])
