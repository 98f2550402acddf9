# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens while the account is signed off is pushed to nobody: it is found by comparing with the server's list."""

import pathlib

from case import ALICE, BOB, OnDisk
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import NO_LOOP, RewritingProxy

CAROL = "carol@example.org"
LIST = "/ajax/presence/update.php"


class Away(OnDisk):
    """Alice, who has Bob and Carol on her list and is signed off."""

    def setUp(self):
        super().setUp()
        self.admin("user", "add", CAROL, "--name", "Carol Example", stdin="demo\n")
        self.admin("friend", "add", ALICE, CAROL)
        self.start()
        self.host_of_alice, self.url = self.host("alice"), self.server.url
        self.sign_on(self.host_of_alice, ALICE, self.url)
        self.bob = self.uid(self.host_of_alice, ALICE, "Bob Example")
        self.carol = self.uid(self.host_of_alice, ALICE, "Carol Example")

    def go(self):
        self.host_of_alice.do("disconnect", ALICE)
        self.host_of_alice.wait("disconnected", account=ALICE)

    def come_back(self, url=None):
        self.host_of_alice.do("account", ALICE, "demo", url or self.url)
        self.host_of_alice.do("connect", ALICE)
        self.host_of_alice.wait("connected", account=ALICE)

    def listed(self):
        return self.host_of_alice.buddies(ALICE)

    def arrange(self, *who):
        """Bob has a name of Alice's own, Carol is in another group."""
        if self.bob in who:
            self.host_of_alice.do("alias", ALICE, self.bob, text="Bobby")
        if self.carol in who:
            self.host_of_alice.do("group", ALICE, self.carol, text="Family")

    def bob_ends_it(self):
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.url)
        bob.do("remove", BOB, self.uid(bob, BOB, "Alice Example"))
        bob.do("answer", bob.wait("request", kind="action")["id"], 1)
        return bob

    def ended_for(self, bob):
        bob.do("disconnect", BOB)
        bob.wait("disconnected", account=BOB)
        bob.do("connect", BOB)
        bob.wait("connected", account=BOB)
        self.assertNotIn("Alice Example", [buddy["alias"] for buddy in bob.buddies(BOB).values()])

    def test_friend_who_ended_the_friendship_is_gone(self):
        self.go()
        self.ended_for(self.bob_ends_it())
        self.come_back()
        until("Bob gone", lambda: set(self.listed()) == {self.carol})

    def test_deleted_friends_are_gone_even_if_nobody_is_left(self):
        self.go()
        for email in (BOB, CAROL):
            self.admin("user", "del", email)
        self.come_back()
        until("an empty list", lambda: not self.listed())

    def test_renamed_and_moved_ones_stay_and_are_marked(self):
        self.arrange(self.bob, self.carol)
        self.go()
        for email in (BOB, CAROL):
            self.admin("user", "del", email)
        self.come_back()
        until("the marks", lambda: {buddy["text"] for buddy in self.listed().values()} == {"No longer a friend"})
        bob, carol = self.listed()[self.bob], self.listed()[self.carol]
        self.assertEqual((bob["alias"], carol["group"], bob["online"]), ("Bobby", "Family", "0"))
        self.assertIn("No longer a friend", carol["tooltip"])
        # Still so in the next run.
        directory = self.host_of_alice.directory
        self.host_of_alice.quit()
        self.host_of_alice = self.host("alice", directory)
        self.come_back()
        self.assertEqual({buddy["text"] for buddy in self.listed().values()}, {"No longer a friend"})

    def test_mark_goes_with_a_new_friendship(self):
        self.arrange(self.bob)
        self.go()
        bob = self.bob_ends_it()
        self.ended_for(bob)
        self.come_back()
        until("the mark", lambda: self.listed()[self.bob]["text"] == "No longer a friend")
        bob.do("add", BOB, ALICE)
        self.host_of_alice.do("answer", self.host_of_alice.wait("request", kind="authorisation")["id"], 0)
        self.wait_online(self.host_of_alice, ALICE, self.bob)
        self.assertNotEqual(self.listed()[self.bob]["text"], "No longer a friend")
        self.assertEqual(self.listed()[self.bob]["alias"], "Bobby")

    def test_moved_one_stays_when_the_end_is_pushed(self):
        self.arrange(self.carol)
        self.admin("friend", "add", BOB, CAROL)
        carol = self.host("carol")
        self.sign_on(carol, CAROL, self.url)
        self.wait_online(self.host_of_alice, ALICE, self.carol)
        carol.do("remove", CAROL, self.uid(carol, CAROL, "Alice Example"))
        carol.do("answer", carol.wait("request", kind="action")["id"], 1)
        until("the mark", lambda: self.listed()[self.carol]["text"] == "No longer a friend")
        self.assertEqual((self.listed()[self.carol]["online"], self.listed()[self.carol]["group"]), ("0", "Family"))

    def test_one_list_that_leaves_somebody_out_removes_nobody(self):
        self.go()
        front = RewritingProxy(self.server.address)
        self.addCleanup(front.close)
        front.change(LIST, NO_LOOP + b'{"error":0,"errorSummary":"","errorDescription":"No error.","payload":{}}')
        self.come_back(front.url)
        self.host_of_alice.do("action", ALICE, "Refresh the Buddy List")
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.url)
        self.wait_online(self.host_of_alice, ALICE, self.bob)
        self.assertEqual(set(self.listed()), {self.bob, self.carol})
        self.assertEqual(self.host_of_alice.have("buddy-removed"), [])

    def test_somebody_who_has_not_answered_stays(self):
        self.admin("user", "add", "dan@example.org", "--name", "Dan", stdin="demo\n")
        self.host_of_alice.do("add", ALICE, "dan@example.org")
        dan = until("his number", lambda: next((who for who, buddy in self.listed().items() if buddy["server_alias"] == "Dan"), None))
        self.go()
        self.admin("user", "del", BOB)
        self.come_back()
        until("Bob gone", lambda: set(self.listed()) == {self.carol, dan})

    def test_friend_who_was_taken_off_the_list_is_forgotten_too(self):
        self.host_of_alice.do("remove", ALICE, self.bob)
        self.host_of_alice.do("answer", self.host_of_alice.wait("request", kind="action")["id"], 0)
        accounts = pathlib.Path(self.host_of_alice.directory, "accounts.xml")
        until("Bob among the hidden", lambda: accounts.exists() and f",{self.bob}," in accounts.read_text(encoding="utf-8"))
        self.go()
        bob = self.bob_ends_it()
        self.ended_for(bob)
        self.come_back()
        until("Bob forgotten", lambda: f",{self.bob}," not in accounts.read_text(encoding="utf-8"))
        self.go()
        # A new friendship, which begins while Alice is away.
        self.admin("friend", "add", ALICE, BOB)
        self.come_back()
        until("Bob", lambda: self.bob in self.listed())

    def test_names_statuses_and_pictures(self):
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.url)
        bob.do("message", BOB, "available", text="before")
        until("the status", lambda: self.listed()[self.bob]["text"] == "before")
        self.go()
        bob.do("message", BOB, "available", text="after")
        bob.do("rename", BOB, text="Robert")
        bob.wait("public-name", text="Robert")
        self.come_back()
        until("both", lambda: (self.listed()[self.bob]["alias"], self.listed()[self.bob]["text"]) == ("Robert", "after"))
