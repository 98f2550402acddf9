# SPDX-License-Identifier: GPL-2.0-or-later
"""Friendships: requested, accepted, declined, ended, and never ended by mistake."""

from case import ALICE, BOB, NASTY, OnDisk
from fbchat_testkit import until

CAROL = "carol@example.org"


class Friends(OnDisk):
    def setUp(self):
        super().setUp()
        self.admin("user", "add", CAROL, "--name", "Carol <b>Example", stdin="demo\n")

    def three(self):
        """Alice and Bob, who are friends, and Carol, who has no friends."""
        alice, bob = self.both()
        carol = self.host("carol")
        self.sign_on(carol, CAROL, self.server.url)
        return alice, bob, carol

    def asked(self, alice, carol):
        """Carol gets a request; returns her uid and the question."""
        alice.do("add", ALICE, CAROL, text=NASTY)
        question = carol.wait("request", kind="authorisation", account=CAROL)
        self.carol = until("the address is replaced by a uid", lambda: next(
            (who for who, buddy in alice.buddies(ALICE).items() if buddy["server_alias"] == "Carol <b>Example"), None))
        self.assertEqual((question["alias"], question["primary"], question["on_list"]), ("Alice Example", NASTY, "1"))
        return question

    def listed(self, host, account, name):
        return [buddy for buddy in host.buddies(account).values() if buddy["server_alias"] == name]

    def test_requested_by_address_and_accepted(self):
        alice, _, carol = self.three()
        question = self.asked(alice, carol)
        carol.do("answer", question["id"], 0)
        carol.wait("buddy-signed-on", account=CAROL, alias="Alice Example")
        alice.wait("buddy-signed-on", account=ALICE, alias="Carol <b>Example")
        self.assertEqual(len(self.listed(alice, ALICE, "Carol <b>Example")), 1)
        self.assertEqual([who for who in alice.buddies(ALICE) if "@" in who], [], "the address became a number")
        self.assert_undisturbed(alice)
        self.assert_undisturbed(carol)

    def test_declined(self):
        alice, _, carol = self.three()
        question = self.asked(alice, carol)
        carol.do("answer", question["id"], 1)
        carol.wait("request-closed", id=question["id"])
        # Changes are sent in order: once this one is done, the server has the answer.
        carol.do("message", CAROL, "available", text="declined")
        until("Carol's status line", lambda: carol.do("info", CAROL, self.carol) or
                   "declined" in carol.wait("userinfo", account=CAROL)["text"])
        # The request is not shown again at the next sign-on.
        carol.do("disconnect", CAROL)
        carol.wait("disconnected", account=CAROL)
        carol.do("connect", CAROL)
        carol.wait("connected", account=CAROL)
        self.assertEqual(self.listed(carol, CAROL, "Alice Example"), [])
        self.assertEqual(carol.have("request"), [])

    def test_requested_while_offline_and_question_closed_at_sign_off(self):
        alice, _, carol = self.three()
        carol.do("disconnect", CAROL)
        carol.wait("disconnected", account=CAROL)
        alice.do("add", ALICE, CAROL)
        until("Carol's name", lambda: self.listed(alice, ALICE, "Carol <b>Example"))
        carol.do("connect", CAROL)
        first = carol.wait("request", kind="authorisation")
        carol.do("disconnect", CAROL)
        carol.wait("request-closed", id=first["id"])
        carol.do("connect", CAROL)
        second = carol.wait("request", kind="authorisation")
        carol.do("answer", second["id"], 0)
        carol.wait("buddy-signed-on", account=CAROL, alias="Alice Example")

    def test_answered_elsewhere_closes_the_question(self):
        alice, _, carol = self.three()
        other = self.host("carol2")
        self.sign_on(other, CAROL, self.server.url)
        here = self.asked(alice, carol)
        there = other.wait("request", kind="authorisation")
        other.do("answer", there["id"], 0)
        carol.wait("request-closed", id=here["id"])
        carol.wait("buddy-signed-on", account=CAROL, alias="Alice Example")

    def test_unknown_address(self):
        alice, _, _ = self.three()
        alice.do("add", ALICE, "nobody@example.org")
        notice = alice.wait("notify")
        self.assert_sentence(notice["primary"])
        self.assert_sentence(notice["secondary"])
        self.assertNotIn("nobody@example.org", alice.buddies(ALICE))

    def test_unknown_uid(self):
        alice, _, _ = self.three()
        alice.do("add", ALICE, "99999999")
        self.assert_sentence(alice.wait("notify")["secondary"])
        self.assertNotIn("99999999", alice.buddies(ALICE))

    def removed(self, alice):
        alice.do("group", ALICE, self.bob, text="Family")
        alice.do("alias", ALICE, self.bob, text="Bobby")
        alice.do("remove", ALICE, self.bob)
        question = alice.wait("request", kind="action", who=self.bob)
        self.assertIn("Bobby", question["primary"])
        self.assertEqual(question["default"], "0")
        return question

    def again(self, host, account):
        host.do("disconnect", account)
        host.wait("disconnected", account=account)
        host.do("connect", account)
        host.wait("connected", account=account)

    def test_removing_from_the_list_only(self):
        alice, bob, _ = self.three()
        question = self.removed(alice)
        alice.do("answer", question["id"], 0)
        self.again(alice, ALICE)
        self.assertNotIn(self.bob, alice.buddies(ALICE), "he came back by himself")
        self.wait_online(bob, BOB, self.alice)
        # Still friends: adding Bob again needs no question.
        alice.do("add", ALICE, self.bob)
        self.wait_online(alice, ALICE, self.bob)
        self.assertEqual(bob.have("request"), [])
        self.again(alice, ALICE)
        self.wait_online(alice, ALICE, self.bob)
        # Removed again.
        alice.do("remove", ALICE, self.bob)
        alice.do("answer", alice.wait("request", kind="action", who=self.bob)["id"], 0)
        self.again(alice, ALICE)
        self.assertNotIn(self.bob, alice.buddies(ALICE))

    def test_removing_without_an_answer_ends_nothing(self):
        alice, bob, _ = self.three()
        self.removed(alice)
        self.again(alice, ALICE)
        self.wait_online(bob, BOB, self.alice)
        self.assertEqual(bob.have("buddy-removed"), [])

    def test_ending_the_friendship(self):
        alice, bob, _ = self.three()
        question = self.removed(alice)
        alice.do("answer", question["id"], 1)
        bob.wait("buddy-removed", account=BOB, who=self.alice)
        self.again(alice, ALICE)
        self.assertNotIn(self.bob, alice.buddies(ALICE))
        self.assert_undisturbed_but_for_signing_off(alice)
        # They can become friends again.
        alice.do("add", ALICE, BOB, text="sorry")
        again = bob.wait("request", kind="authorisation", account=BOB)
        self.assertEqual(again["primary"], "sorry")
        bob.do("answer", again["id"], 0)
        until("Alice on Bob's list again", lambda: self.alice in bob.buddies(BOB))
        self.wait_online(bob, BOB, self.alice)
        until("Bob on Alice's list again", lambda: self.bob in alice.buddies(ALICE))
        self.wait_online(alice, ALICE, self.bob)

    def assert_undisturbed_but_for_signing_off(self, host):
        self.assertEqual(host.have("error") + host.have("notify"), [])

    def test_cancelled_removal(self):
        alice, _, _ = self.three()
        question = self.removed(alice)
        alice.do("answer", question["id"], 2)
        self.wait_online(alice, ALICE, self.bob)
        bob = alice.buddies(ALICE)[self.bob]
        self.assertEqual((bob["group"], bob["alias"]), ("Family", "Bobby"))

    def test_ended_by_the_other_keeps_a_name_of_ones_own(self):
        alice, bob, _ = self.three()
        alice.do("alias", ALICE, self.bob, text="Bobby")
        bob.do("remove", BOB, self.alice)
        bob.do("answer", bob.wait("request", kind="action")["id"], 1)
        self.wait_online(alice, ALICE, self.bob, "0")
        self.assertEqual(alice.buddies(ALICE)[self.bob]["alias"], "Bobby")

    def test_removing_a_group_asks_nothing_and_ends_nothing(self):
        alice, bob, _ = self.three()
        alice.do("remove-group", ALICE, "Facebook Chat")
        self.assertEqual(alice.have("request"), [])
        self.again(alice, ALICE)
        self.assertEqual(alice.buddies(ALICE), {})
        self.wait_online(bob, BOB, self.alice)
