# SPDX-License-Identifier: GPL-2.0-or-later
"""One host with accounts on several servers, on which the same uids belong to different users."""

from case import ALICE, BOB, NASTY, Case
from headless import NETWORK_ERROR, RECV


class Servers(Case):
    def setUp(self):
        super().setUp()
        self.first, self.second = self.demo(), self.demo()
        # Here Alice on the first server and Bob on the second, elsewhere their friends.
        self.here, self.elsewhere = self.host("here"), self.host("elsewhere")
        self.sign_on(self.here, ALICE, self.first.url, "outage_seconds=2")
        self.sign_on(self.here, BOB, self.second.url)
        self.sign_on(self.elsewhere, BOB, self.first.url)
        self.sign_on(self.elsewhere, ALICE, self.second.url)
        self.bob = self.uid(self.here, ALICE, "Bob Example")
        self.alice = self.uid(self.here, BOB, "Alice Example")
        self.wait_online(self.here, ALICE, self.bob)
        self.wait_online(self.here, BOB, self.alice)

    def test_conversations_do_not_mix(self):
        self.exchange(self.elsewhere, BOB, self.alice, self.here, ALICE, self.bob, "on the first " + NASTY)
        self.exchange(self.elsewhere, ALICE, self.bob, self.here, BOB, self.alice, "on the second " + NASTY)
        self.exchange(self.here, ALICE, self.bob, self.elsewhere, BOB, self.alice, "back on the first")
        self.exchange(self.here, BOB, self.alice, self.elsewhere, ALICE, self.bob, "back on the second")
        for host in (self.here, self.elsewhere):
            self.assert_undisturbed(host)
            self.assertEqual([item for item in host.have("message") if int(item["flags"]) & RECV], [])

    def test_the_end_of_one_server_does_not_affect_the_other(self):
        self.first.stop()
        self.assertEqual(int(self.here.wait("error", account=ALICE)["reason"]), NETWORK_ERROR)
        self.exchange(self.elsewhere, ALICE, self.bob, self.here, BOB, self.alice, "still here")
        self.exchange(self.here, BOB, self.alice, self.elsewhere, ALICE, self.bob, "here too")
        self.assertEqual(self.here.have("error", account=BOB), [])
        self.assertEqual(self.here.have("buddy-signed-off", account=BOB), [], "friends on the other server must not appear to sign off")
