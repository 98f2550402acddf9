# SPDX-License-Identifier: GPL-2.0-or-later
"""An outage is not a sign-off, unless it lasts."""

import signal
import time

from case import ALICE, BOB, NASTY, OnDisk
from fbchat_testkit import Link, until
from headless import ERROR, NETWORK_ERROR, RECV, SEND, plain


class Outage(OnDisk):
    def check_restart(self, sig):
        alice, bob = self.both()
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "before")
        self.server.stop(sig)
        meanwhile = [f"meanwhile {i} {NASTY}" for i in range(5)]
        for text in meanwhile:
            bob.do("send", BOB, self.alice, text=text)
            bob.message(BOB, self.alice, SEND)
        self.start()
        self.assertEqual([plain(alice.message(ALICE, self.bob, RECV, 100)["markup"]) for _ in meanwhile], meanwhile)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "after")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        for host in (alice, bob):
            self.assert_undisturbed(host)
            self.assertEqual([item for item in host.have("message") if int(item["flags"]) & RECV], [], "received twice")
            self.assertEqual(host.have("buddy-signed-off"), [], "friends must not appear to sign off")

    def test_restart_is_not_a_sign_off(self):
        self.check_restart(signal.SIGTERM)

    def test_kill_is_not_a_sign_off(self):
        self.check_restart(signal.SIGKILL)

    def over_a_link(self):
        self.start()
        link = Link(self.server.address)
        self.addCleanup(link.close)
        alice, bob = self.host("alice"), self.host("bob")
        self.sign_on(alice, ALICE, link.url)
        self.sign_on(bob, BOB, self.server.url)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return link, alice, bob

    def test_another_network_is_used_at_once(self):
        link, alice, bob = self.over_a_link()
        link.cut()
        bob.do("send", BOB, self.alice, text="on your way")
        bob.message(BOB, self.alice, SEND)
        link.replace()
        alice.do("network-changed")
        self.assertEqual(plain(alice.message(ALICE, self.bob, RECV)["markup"]), "on your way")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        self.assert_undisturbed(alice)

    def test_network_down_for_a_while(self):
        link, alice, bob = self.over_a_link()
        link.cut()
        meanwhile = [f"meanwhile {i} {NASTY}" for i in range(20)]
        for text in meanwhile:
            bob.do("send", BOB, self.alice, text=text)
            bob.message(BOB, self.alice, SEND)
        alice.do("send", ALICE, self.bob, text="Are you still there?")
        alice.message(ALICE, self.bob, SEND)
        link.restore()
        self.assertEqual([plain(alice.message(ALICE, self.bob, RECV, 100)["markup"]) for _ in meanwhile], meanwhile)
        self.assertEqual(plain(bob.message(BOB, self.alice, RECV, 100)["markup"]), "Are you still there?")
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "after")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        self.assert_undisturbed(alice)
        self.assertEqual(alice.have("buddy-signed-off"), [], "Bob was online all the time")
        for host in (alice, bob):
            self.assertEqual([item for item in host.have("message") if int(item["flags"]) & (RECV | ERROR)], [])

    def sessions(self):
        """The ids of Alice's sessions."""
        listed = self.admin("session", "list").splitlines()
        return [line.split()[0] for line in listed if ALICE in line]

    def offline(self):
        """Alice after a long outage has signed her off; the server is stopped."""
        self.start()
        # The seconds of the host are shorter here, those of the library are not.
        second = 0.05
        alice = self.host("alice", HEADLESS_SECOND_MS=str(int(second * 1000)))
        self.sign_on(alice, ALICE, self.server.url)
        self.bob = self.uid(alice, ALICE, "Bob Example")
        began = time.monotonic()
        self.server.stop()
        error = alice.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])
        self.assertGreaterEqual((time.monotonic() - began) / second, 89)
        alice.wait("disconnected", account=ALICE)
        return alice

    def test_same_session_continues_after_a_long_outage(self):
        alice = self.offline()
        before = self.sessions()
        self.assertEqual(len(before), 1)
        self.start()
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.server.url)
        self.alice = self.uid(bob, BOB, "Alice Example")
        bob.do("send", BOB, self.alice, text=NASTY)
        bob.message(BOB, self.alice, SEND)
        # As Pidgin does after a while.
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        self.assertEqual(plain(alice.message(ALICE, self.bob, RECV)["markup"]), NASTY)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "here I am")
        self.assertEqual(self.sessions(), before, "logged in again")
        # Signing off ends it.
        alice.do("disconnect", ALICE)
        until("logged out", lambda: self.sessions() == [])

    def test_session_that_was_ended_meanwhile_needs_the_password(self):
        alice = self.offline()
        before = self.sessions()
        self.admin("session", "revoke", ALICE, before[0])
        self.start()
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        self.assertEqual(len(self.sessions()), 1)
        self.assertNotEqual(self.sessions(), before)
        self.assertEqual(alice.have("error"), [])

    def test_unconfirmed_message_is_named_at_sign_off(self):
        alice, _ = self.both()
        self.keep_nothing(alice.directory, self.server.url)
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.do("disconnect", ALICE)
        self.assertIn(NASTY, plain(alice.message(ALICE, self.bob, ERROR)["markup"]))
