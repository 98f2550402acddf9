# SPDX-License-Identifier: GPL-2.0-or-later
"""People who are not on the buddy list: their lines have the name that the server sends with a message, not the number."""

import pathlib

from case import ALICE, BOB, NASTY, Case
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import RewritingProxy
from headless import DELAYED, RECV, REMOTE_SEND, SEND, plain

EVE = "777"
NAME = "Eve <b>&amp;</b> Stranger"


def message(text, name=NAME, **more):
    return {"type": "msg", "msg": {"text": text, "msgID": text}, "from": int(EVE), "to": 100001, "from_name": name, **more}


class Strangers(Case):
    def both(self, **variables):
        """Alice, whose server sends what is added to the front, and Bob."""
        self.server = self.demo()
        self.front = RewritingProxy(self.server.address)
        self.addCleanup(self.front.close)
        alice, bob = self.host("alice", **variables), self.host("bob")
        self.sign_on(alice, ALICE, self.front.url)
        self.sign_on(bob, BOB, self.server.url)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return alice, bob

    def lines(self, alice, bob, *items):
        """What Alice is shown of these items, in order."""
        self.front.add_items(*items)
        # Comes with the same answer of the channel, behind them.
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "behind them")
        return [alice.wait("message", account=ALICE, **{"with": EVE}) for _ in alice.have("message", **{"with": EVE})]

    def titles(self, host):
        return [change["title"] for change in host.have("title", **{"with": EVE})]

    def test_every_line_and_the_log_have_the_name(self):
        alice, bob = self.both(HEADLESS_LOG_IMS="1")
        before = alice.buddies(ALICE)
        lines = self.lines(alice, bob, message("one"), message(NASTY), {"type": "poke", "uid": int(EVE), "name": NAME, "time": 1})
        self.assertEqual([plain(line["markup"]) for line in lines], ["one", NASTY, "You were poked"])
        self.assertEqual({line["alias"] for line in lines}, {NAME})
        self.assertEqual({int(line["flags"]) & (SEND | RECV) for line in lines}, {RECV})
        # Other plugins hear of the person by the number, as of any other, and of each line once.
        self.assertEqual([line["who"] for line in alice.have("received", account=ALICE) if line["who"] != self.bob], [EVE] * 3)
        self.assertEqual(self.titles(alice)[-1], NAME)
        self.assertEqual(alice.buddies(ALICE), before, "nobody was added to the list")

        def logged():
            files = list(pathlib.Path(alice.directory).glob(f"logs/*/{ALICE}/{EVE}/*"))
            return "".join(file.read_text(encoding="utf-8") for file in files)

        until("the log", lambda: "You were poked" in logged())
        self.assertEqual(logged().count("Eve &lt;b&gt;&amp;amp;&lt;/b&gt; Stranger"), 2)
        self.assertNotIn(f"{EVE}:", logged())

    def test_without_a_name_the_number_stands(self):
        alice, bob = self.both()
        for line in self.lines(alice, bob, message("one", None), message("two", "")):
            self.assertEqual(line["alias"], EVE)

    def test_names_that_pretend_to_be_something_else(self):
        """No second line, and not the name of the buddy whose number somebody takes for a name."""
        alice, bob = self.both()
        alice.do("alias", ALICE, self.bob, text="My dear Bob")
        names = ["Eve\nBob Example:\thi", self.bob, "000" + self.bob, BOB, "x" * 20000]
        lines = self.lines(alice, bob, *[message(f"{number}", name) for number, name in enumerate(names)])
        self.assertEqual([line["alias"] for line in lines], ["Eve Bob Example: hi", EVE, EVE, BOB, "x" * 20000])

    def test_new_name_counts_from_then_on(self):
        alice, bob = self.both()
        lines = self.lines(alice, bob, message("one"), message("two", "Eve Married"))
        self.assertEqual([line["alias"] for line in lines], [NAME, "Eve Married"])
        self.assertEqual(self.titles(alice)[-1], "Eve Married")
        self.assertEqual([window["title"] for window in alice.have("window", **{"with": EVE})], [NAME])

    def test_own_message_from_elsewhere(self):
        alice, bob = self.both()
        lines = self.lines(alice, bob, message("mine") | {"from": 100001, "to": int(EVE), "from_name": "Alice Example",
                                                          "to_name": NAME}, message("theirs"))
        self.assertEqual([(line["alias"], int(line["flags"]) & (SEND | RECV | REMOTE_SEND)) for line in lines],
                         [("Alice Example", SEND | REMOTE_SEND), (NAME, RECV)])
        self.assertEqual(self.titles(alice)[-1], NAME)

    def test_friend_who_was_taken_off_the_list(self):
        alice, bob = self.both()
        alice.do("remove", ALICE, self.bob)
        alice.do("answer", alice.wait("request", kind="action")["id"], 0)
        bob.do("send", BOB, self.alice, text=NASTY)
        line = alice.message(ALICE, self.bob, RECV)
        self.assertEqual((plain(line["markup"]), line["alias"]), (NASTY, "Bob Example"))
        alice.do("slash", ALICE, self.bob, text="history")
        self.assertEqual(alice.message(ALICE, self.bob, RECV | DELAYED)["alias"], "Bob Example")
        self.assertNotIn(self.bob, alice.buddies(ALICE))
