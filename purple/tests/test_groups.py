# SPDX-License-Identifier: GPL-2.0-or-later
"""Group conversations, on a real server."""

import contextlib
import os
import sqlite3

from case import ALICE, BOB, OnDisk
from fbchat_testkit import until
from headless import DELAYED, RECV, REMOTE_SEND, SEND, SYSTEM, plain

CAROL = "carol@example.org"
FOUNDER, TYPING = 0x8, 0x10


class Groups(OnDisk):
    def setUp(self):
        super().setUp()
        self.carol = str(self.deployment.account(CAROL, "Carol <i>", "demo"))
        self.deployment.befriend(ALICE, CAROL)

    def chats(self, host, account):
        """The groups on the buddy list: number to name."""
        host.do("chats", account)
        found = {item["with"]: item["alias"] for item in host.have("chat", account=account)}
        self.drop(host, "chat")
        return found

    def members(self, host, account, group):
        """The members in the window: number to flags; and the topic."""
        host.do("members", account, group)
        topic = host.wait("topic")
        found = [(item["who"], item["alias"], int(item["flags"])) for item in host.have("member")]
        self.drop(host, "member")
        self.assertEqual(len({who for who, _, _ in found}), len(found), "somebody is listed twice")
        return {who: (alias, flags) for who, alias, flags in found}, topic["text"]

    def drop(self, host, event):
        with host.arrived:
            host.items = [item for item in host.items if item["event"] != event]

    def created(self, *options):
        """Alice and Bob, and a group of theirs that Alice has created; its window is open at both."""
        alice, bob = self.both(*options)
        alice.do("join", ALICE, "-", text="Lunch <b>")
        self.group = alice.wait("joined", account=ALICE, title="Lunch <b>")["with"]
        self.notice(alice, ALICE, "Alice Example created the group.")
        alice.do("invite", ALICE, self.group, text=self.bob)
        bob.wait("joined", account=BOB, **{"with": self.group})
        for host, account in ((alice, ALICE), (bob, BOB)):
            self.notice(host, account, "Alice Example added Bob Example.")
        return alice, bob

    def notice(self, host, account, text):
        line = host.message(account, self.group, SYSTEM)
        self.assertEqual(plain(line["markup"]), text)

    def says(self, sender, account, text, *receivers):
        """Sends a message, which everybody sees once."""
        sender.do("send", account, self.group, text=text)
        own = sender.message(account, self.group, SEND)
        self.assertEqual(plain(own["markup"]), text)
        lines = []
        for host, receiver in receivers:
            lines.append(host.message(receiver, self.group, RECV))
            self.assertEqual(plain(lines[-1]["markup"]), text)
        return lines

    def test_created_with_the_join_dialog_and_talked_in(self):
        alice, bob = self.created()
        self.assertEqual(self.chats(alice, ALICE), {self.group: "Lunch <b>"})
        self.assertEqual(self.chats(bob, BOB), {self.group: "Lunch <b>"})
        expected = {self.alice: ("Alice Example", FOUNDER), self.bob: ("Bob Example", 0)}
        until("both members", lambda: self.members(alice, ALICE, self.group) == (expected, "Lunch <b>"))
        until("both members", lambda: self.members(bob, BOB, self.group) == (expected, "Lunch <b>"))
        nasty = "héllo <b>&amp;</b> 100%\n🎉"
        [line] = self.says(alice, ALICE, nasty, (bob, BOB))
        self.assertEqual((line["name"], line["alias"]), (self.alice, "Alice Example"))
        [line] = self.says(bob, BOB, "/me nods", (alice, ALICE))
        self.assertEqual(line["alias"], "Bob Example")
        # Once: nothing comes back to its sender, and no window was opened twice.
        self.says(alice, ALICE, "last", (bob, BOB))
        self.says(bob, BOB, "very last", (alice, ALICE))
        for host in (alice, bob):
            self.assertEqual(host.have("message"), [])
            self.assertEqual(host.have("joined"), [])
        # By its name, the group is found and not created again.
        alice.do("join", ALICE, "-", text="lunch <B>")
        alice.do("join", ALICE, self.group)
        self.says(bob, BOB, "still one", (alice, ALICE))
        self.assertEqual(alice.have("joined"), [])
        self.assertEqual(len(self.chats(alice, ALICE)), 1)
        # Carol is not a friend of Bob, who knows her name from the window. Its first letters are enough.
        alice.do("slash", ALICE, self.group, text="invite car")
        self.notice(bob, BOB, "Alice Example added Carol <i>.")
        self.notice(alice, ALICE, "Alice Example added Carol <i>.")
        carol = self.host("carol")
        self.sign_on(carol, CAROL, self.server.url)
        carol.wait("joined", account=CAROL)
        self.notice(carol, CAROL, "Alice Example added Carol <i>.")
        for line in self.says(carol, CAROL, "hello", (alice, ALICE), (bob, BOB)):
            self.assertEqual(line["alias"], "Carol <i>")
        self.assertNotIn(self.carol, bob.buddies(BOB))
        # Typing shows at the member, and ends with the message.
        carol.do("typing", CAROL, self.group, 1)
        bob.wait("flags", who=self.carol, flags=TYPING)
        self.says(carol, CAROL, "typed", (alice, ALICE), (bob, BOB))
        bob.wait("flags", who=self.carol, flags=0)

    def test_changes_and_leaving(self):
        self.deployment.befriend(ALICE, self.other_bob())
        alice, bob = self.created()
        # The topic renames. A name that the user has given stays.
        bob.do("alias-chat", BOB, self.group, text="Mine")
        bob.do("topic", BOB, self.group, text="Tea")
        bob.do("slash", BOB, self.group, text="rename Tea & co")
        for host, account in ((alice, ALICE), (bob, BOB)):
            self.notice(host, account, 'Bob Example named the group "Tea".')
        for host, account in ((alice, ALICE), (bob, BOB)):
            self.notice(host, account, 'Bob Example named the group "Tea & co".')
        self.assertEqual(self.chats(alice, ALICE), {self.group: "Tea & co"})
        self.assertEqual(self.chats(bob, BOB), {self.group: "Mine"})
        self.assertEqual(self.members(alice, ALICE, self.group)[1], "Tea & co")
        # Only the owner removes; a failure is told in the window.
        bob.do("slash", BOB, self.group, text="kick Alice Example")
        bob.wait_for(lambda item: item["event"] == "message" and "Only the owner" in item["markup"], "a refusal")
        self.refused(bob, BOB, "invite Nobody", 'None of your friends is called "Nobody".')
        self.refused(bob, BOB, "kick carol", 'Nobody in this group is called "carol".')
        self.refused(alice, ALICE, "invite bob", 'More than one person is called "bob". Please give the whole name, or a number.')
        # Closing a window leaves nothing, and loses nothing.
        bob.do("close", BOB, self.group)
        bob.wait("left", account=BOB)
        self.says(alice, ALICE, "are you there", (bob, BOB))
        self.says(bob, BOB, "yes", (alice, ALICE))
        # A muted group opens no window; what was missed is there when the user opens it, in order.
        bob.do("menu", BOB, self.group, text="Mute")
        until("Unmute in the menu", lambda: self.menu(bob, BOB, "Unmute"))
        bob.do("close", BOB, self.group)
        for text in ("one", "two", "three"):
            self.says(alice, ALICE, text)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "behind them")
        self.drop(bob, "joined")
        bob.do("join", BOB, self.group)
        bob.wait("joined", account=BOB)
        self.assertEqual([plain(bob.message(BOB, self.group, RECV | DELAYED)["markup"]) for _ in range(3)], ["one", "two", "three"])
        self.says(alice, ALICE, "four", (bob, BOB))
        bob.do("slash", BOB, self.group, text="unmute")
        until("Mute in the menu", lambda: self.menu(bob, BOB, "Mute"))
        # Removed, Bob can read but not write, and is added to the same window. Only one Bob is in it.
        alice.do("slash", ALICE, self.group, text="kick bob")
        self.notice(bob, BOB, "Alice Example removed Bob Example.")
        self.drop(bob, "left")
        until("Bob's list without the group", lambda: self.chats(bob, BOB) == {})
        alice.do("invite", ALICE, self.group, text=self.bob)
        until("Bob's list with the group", lambda: list(self.chats(bob, BOB)) == [self.group])
        # Leaving from the menu, after a question.
        alice.do("menu", ALICE, self.group, text="Leave Group...")
        question = alice.wait("request")
        self.assertIn("Tea", question["primary"])
        alice.do("answer", question["id"], 1)
        self.says(alice, ALICE, "I stay", (bob, BOB))
        alice.do("menu", ALICE, self.group, text="Leave Group...")
        alice.do("answer", alice.wait("request")["id"], 0)
        alice.wait("left", account=ALICE)
        until("Alice's list without the group", lambda: self.chats(alice, ALICE) == {})
        until("Bob as the owner", lambda: self.members(bob, BOB, self.group)[0] == {self.bob: ("Bob Example", FOUNDER)})

    def other_bob(self):
        self.deployment.account("bobby@example.org", "Bobby Example", "demo")
        return "bobby@example.org"

    def refused(self, host, account, command, text):
        host.do("slash", account, self.group, text=command)
        host.wait_for(lambda item: item["event"] == "message" and plain(item["markup"]) == text, text)

    def test_away_and_from_another_program(self):
        alice, bob = self.created()
        bob.do("disconnect", BOB)
        bob.wait("disconnected", account=BOB)
        for text in ("one", "two"):
            self.says(alice, ALICE, text)
        self.drop(bob, "joined")
        bob.do("connect", BOB)
        bob.wait("connected", account=BOB)
        bob.wait("joined", account=BOB)
        self.assertEqual([plain(bob.message(BOB, self.group, RECV)["markup"]) for _ in range(2)], ["one", "two"])
        # Hosts that reopen what was open find one window.
        bob.do("join", BOB, self.group)
        self.says(alice, ALICE, "three", (bob, BOB))
        self.assertEqual(bob.have("joined"), [])
        # What Alice writes in another program is shown as hers.
        phone = self.host("phone")
        self.sign_on(phone, ALICE, self.server.url, "group_windows=sign-on")
        self.assertEqual(phone.wait("joined", account=ALICE)["title"], "Lunch <b>")
        phone.do("send", ALICE, self.group, text="from the phone")
        self.assertEqual(plain(phone.message(ALICE, self.group, SEND)["markup"]), "from the phone")
        self.assertEqual(plain(alice.message(ALICE, self.group, SEND | REMOTE_SEND)["markup"]), "from the phone")
        self.assertEqual(plain(bob.message(BOB, self.group, RECV)["markup"]), "from the phone")
        self.assertGreater(self.unread(self.bob), 0)
        # What is seen in the window that has the focus is read.
        bob.do("focus", BOB, self.group)
        until("everything read", lambda: self.unread(self.bob) == 0)
        # The list of rooms has it, by its name.
        phone.do("rooms", ALICE)
        phone.wait("rooms-listed")
        [room] = phone.have("room")
        self.assertEqual((room["with"], room["name"]), (self.group, "Lunch <b>"))
        # Without windows that open by themselves, what was missed is there when the user opens one.
        phone.do("disconnect", ALICE)
        phone.wait("disconnected", account=ALICE)
        phone.do("account", ALICE, "demo", self.server.url, "group_windows=never")
        phone.do("connect", ALICE)
        phone.wait("connected", account=ALICE)
        self.says(bob, BOB, "unseen", (alice, ALICE))
        self.exchange(bob, BOB, self.alice, phone, ALICE, self.bob, "behind it")
        self.assertEqual(phone.have("joined"), [])
        phone.do("join", ALICE, self.group)
        phone.wait("joined", account=ALICE)
        self.assertEqual(plain(phone.message(ALICE, self.group, RECV | DELAYED)["markup"]), "unseen")
        # A group that the user is not in.
        phone.do("join", ALICE, "1999999999")
        self.assertIn("not in this group", phone.wait("notify")["secondary"])

    def test_many_that_ended_while_away(self):
        """And many windows: more than fit into a turn of the main loop, so the account signs off in the middle of them."""
        alice, _bob = self.both()
        first, count = 1_000_000_000, 300
        with self.database() as database:
            database.executemany("INSERT INTO chat_groups(gid, name, creator, create_id, create_hash) VALUES (?, ?, ?, ?, 0)",
                                 ((first + i, f"Group {i}", self.bob, str(i)) for i in range(count)))
            database.executemany("INSERT INTO group_members(gid, uid, first_message, read_message) VALUES (?, ?, 0, 0)",
                                 ((first + i, uid) for i in range(count) for uid in (self.alice, self.bob)))
        self.sign_off(alice)
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        until("all groups", lambda: len(self.chats(alice, ALICE)) == count)
        alice.do("alias-chat", ALICE, first, text="mine")
        self.sign_off(alice)
        alice.do("account", ALICE, "demo", self.server.url, "group_windows=sign-on")
        alice.wait("joined", account=ALICE)
        self.sign_off(alice)
        self.drop(alice, "joined")
        alice.do("connect", ALICE)
        until("the windows that were not open yet", lambda: len(alice.have("joined")) > 10)
        with self.database() as database:
            database.execute("DELETE FROM group_members WHERE gid > ?", (first,))
        for _ in range(3):
            self.sign_off(alice)
            alice.do("connect", ALICE)
            until("fewer groups", lambda: len(self.chats(alice, ALICE)) < count)
        self.sign_off(alice)
        self.assertEqual(self.chats(alice, ALICE)[str(first)], "mine")
        alice.do("connect", ALICE)
        until("the group that is left", lambda: self.chats(alice, ALICE) == {str(first): "mine"})

    def sign_off(self, host):
        host.do("disconnect", ALICE)
        host.wait("disconnected", account=ALICE)
        self.drop(host, "connected")

    @contextlib.contextmanager
    def database(self):
        path = os.path.join(self.data, "fbchatd.db")
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            yield database

    def unread(self, uid):
        """How many messages of the group the server counts as unread."""
        with self.database() as database:
            return database.execute("SELECT count(*) FROM messages JOIN group_members ON gid = recipient WHERE uid = ? AND messages.id > read_message",
                                    (uid,)).fetchone()[0]

    def menu(self, host, account, label):
        host.do("menu", account, self.group, text="-")
        found = any(item["label"] == label for item in host.have("menu"))
        self.drop(host, "menu")
        return found
