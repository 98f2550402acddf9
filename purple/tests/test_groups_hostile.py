# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server says of groups, but should not."""

from case import ALICE, BOB, NASTY, Case
from fbchat_testkit.rewriting_proxy import RewritingProxy
from headless import RECV, plain

EVE, UNKNOWN = 777, 1_500_000_000


class Hostile(Case):
    def test_items_that_make_no_sense(self):
        server = self.demo()
        front = RewritingProxy(server.address)
        self.addCleanup(front.close)
        alice, bob = self.host("alice"), self.host("bob")
        self.sign_on(alice, ALICE, front.url)
        self.sign_on(bob, BOB, server.url)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)

        def message(to, text, sender=EVE, name=NASTY, **more):
            return {"type": "group_msg", "msg": {"text": text, "msgID": "1"}, "from": sender, "to": to, "from_name": name, **more}

        group = {"type": "group", "gid": UNKNOWN, "added": [], "removed": []}
        front.add_items(
            message(UNKNOWN, NASTY), message(UNKNOWN, "notice", notice="hacked", uids="x"), message(UNKNOWN, "", sender=0, name=None),
            message(0, "nowhere"), message(-1, "below"), message(2**63, "above"), message(int(self.alice), "a person"),
            {"type": "ttyp", "st": 1, "from": EVE, "to": UNKNOWN}, {"type": "ttyp", "st": "x", "from": -1, "to": None},
            group, dict(group, gone=True), dict(group, added=[{"uid": EVE, "name": "\n\t"}] * 50, owner="x", name=["x"]),
            dict(group, gid=int(self.alice), name="a person", added=[{"uid": EVE, "name": NASTY}]))
        # It still works, and what is shown is text.
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "behind them")
        lines = alice.have("message", **{"with": str(UNKNOWN)})
        self.assertEqual(plain(lines[0]["markup"]), NASTY)
        self.assertEqual((lines[0]["name"], lines[0]["alias"]), (str(EVE), NASTY))
        bob.do("join", BOB, "-", text=NASTY)
        real = bob.wait("joined")["with"]
        bob.do("invite", BOB, real, text=self.alice)
        alice.wait("joined", **{"with": real})
        bob.do("send", BOB, real, text=NASTY)
        self.assertEqual(plain(alice.message(ALICE, real, RECV)["markup"]), NASTY)
        self.assert_undisturbed(alice)
