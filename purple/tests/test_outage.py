# SPDX-License-Identifier: GPL-2.0-or-later
"""An outage is not a sign-off, unless it lasts."""

import signal

from case import ALICE, BOB, NASTY, OnDisk
from peers import ERROR, NETWORK_ERROR, RECV, SEND, plain


class Outage(OnDisk):
    def check_restart(self, sig):
        alice, bob = self.both()
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "before")
        self.server.stop(sig)
        bob.do("send", BOB, self.alice, text="meanwhile " + NASTY)
        bob.message(BOB, self.alice, SEND)
        self.start()
        got = alice.message(ALICE, self.bob, RECV, 100)
        self.assertEqual(plain(got["markup"]), "meanwhile " + NASTY)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "after")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        for host in (alice, bob):
            self.assert_undisturbed(host)
            self.assertEqual([item for item in host.have("message") if int(item["flags"]) & RECV], [], "came twice")

    def test_restart_is_no_sign_off(self):
        self.check_restart(signal.SIGTERM)

    def test_killed_server_is_no_sign_off(self):
        self.check_restart(signal.SIGKILL)

    def test_lasting_outage_is_reported_with_a_reason(self):
        alice, _ = self.both("outage_seconds=2")
        self.server.stop()
        error = alice.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])
        self.start()
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)

    def test_unconfirmed_message_is_named_at_sign_off(self):
        alice, _ = self.both()
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.do("disconnect", ALICE)
        self.assertIn(NASTY, plain(alice.message(ALICE, self.bob, ERROR)["markup"]))
