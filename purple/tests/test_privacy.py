# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocking: what hosts do with libpurple's privacy calls, on a real server."""

from case import ALICE, BOB, OnDisk
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import RewritingProxy
from headless import RECV, SEND
from test_strangers import message

ALLOW_ALL, DENY_ALL, DENY_USERS = "1", "2", "4"


class Privacy(OnDisk):
    def denied(self, host, account):
        host.do("denied", account)
        item = host.wait("denied", account=account)
        return item["type"], item["who"]

    def wait_denied(self, host, account, kind, *who):
        until(f"{who} denied", lambda: self.denied(host, account) == (kind, " ".join(who)))

    def again(self, host, account):
        host.do("disconnect", account)
        host.wait("disconnected", account=account)
        host.do("connect", account)
        host.wait("connected", account=account)

    def refused(self, sender, account, to, text):
        sender.do("send", account, to, text=text)
        sender.message(account, to, SEND)
        return sender.wait_for(lambda item: item["event"] == "message" and text in item["markup"]
                               and not int(item["flags"]) & SEND, f"a failure of {text}")["markup"]

    def test_blocked_on_the_server_and_unblocked(self):
        alice, bob = self.both()
        alice.do("deny", ALICE, self.bob)
        self.wait_online(bob, BOB, self.alice, online="0")
        self.assertEqual(self.denied(alice, ALICE), (DENY_USERS, self.bob))
        self.assertIn("no longer online", self.refused(bob, BOB, self.alice, "is anybody there"))
        self.assertIn("You have blocked this person", self.refused(alice, ALICE, self.bob, "a monologue"))
        # It lasts, and is there for another program, once.
        self.again(alice, ALICE)
        self.wait_denied(alice, ALICE, DENY_USERS, self.bob)
        phone = self.host("phone")
        self.sign_on(phone, ALICE, self.server.url)
        self.wait_denied(phone, ALICE, DENY_USERS, self.bob)
        self.assertEqual(bob.buddies(BOB)[self.alice]["online"], "0")
        # What one program changes the other one shows.
        phone.do("allow", ALICE, self.bob)
        self.wait_denied(alice, ALICE, DENY_USERS)
        self.wait_online(bob, BOB, self.alice)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "here you are")
        self.assertEqual(alice.have("notify"), [])

    def test_server_wins_at_sign_on(self):
        alice, bob = self.both()
        alice.do("disconnect", ALICE)
        alice.wait("disconnected", account=ALICE)
        # Nobody is asked while the account is offline.
        alice.do("deny", ALICE, self.bob)
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        self.wait_denied(alice, ALICE, DENY_USERS)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "not blocked")

    def test_message_from_before_is_shown(self):
        """What the server delivers although its sender is blocked was accepted before."""
        front = RewritingProxy(self.demo().address)
        self.addCleanup(front.close)
        alice = self.host("alice")
        self.sign_on(alice, ALICE, front.url)
        bob, echo = (self.uid(alice, ALICE, name) for name in ("Bob Example", "Echo"))
        alice.do("deny", ALICE, bob)
        self.wait_denied(alice, ALICE, DENY_USERS, bob)
        front.add_items(message("before the quarrel", "Bob Example", **{"from": int(bob)}))
        # The channel answers.
        alice.do("send", ALICE, echo, text="hello")
        self.assertEqual(alice.message(ALICE, bob, RECV)["markup"], "before the quarrel")
        self.assertEqual(self.denied(alice, ALICE), (DENY_USERS, bob))

    def test_kinds_of_privacy_that_the_server_has(self):
        alice, bob = self.both()
        alice.do("deny", ALICE, self.bob)
        self.wait_online(bob, BOB, self.alice, online="0")
        alice.do("privacy", ALICE, ALLOW_ALL)
        self.wait_online(bob, BOB, self.alice)
        # The list is kept for later, as libpurple does.
        self.assertEqual(self.denied(alice, ALICE), (ALLOW_ALL, self.bob))
        alice.do("privacy", ALICE, DENY_USERS)
        self.wait_online(bob, BOB, self.alice, online="0")
        # The nearest to what it has not is that list, with a sentence.
        alice.do("privacy", ALICE, DENY_ALL)
        self.assert_sentence(alice.wait("notify")["secondary"])
        self.assertEqual(self.denied(alice, ALICE), (DENY_USERS, self.bob))

    def test_nobody_of_that_name(self):
        alice, _ = self.both()
        for who in ("somebody", "99999999"):
            alice.do("deny-add", ALICE, who)
            notice = alice.wait("notify")
            self.assertEqual(notice["primary"], who)
            self.assert_sentence(notice["secondary"])
            until("it is taken back", lambda: who not in self.denied(alice, ALICE)[1])
