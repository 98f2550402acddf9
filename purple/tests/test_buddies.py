# SPDX-License-Identifier: GPL-2.0-or-later
"""The buddy list, and how users see each other."""

import contextlib
import os
import sqlite3
import time

from case import ALICE, BOB, Case, OnDisk
from fbchat_testkit import until
from headless import RECV


class BuddyList(Case):
    def known(self):
        """A host that was signed on before, the stopped server, and Bob's uid."""
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        uid = self.uid(host, ALICE, "Bob Example")
        self.assertTrue(host.have("buddy-aliased", who=uid))
        host.quit()
        server.stop()
        return self.host("alice", host.directory), server, uid

    def test_names_are_known_without_the_server(self):
        host, server, uid = self.known()
        host.do("account", ALICE, "demo", server.url)
        until("the name", lambda: host.buddies(ALICE)[uid]["alias"] == "Bob Example")
        # Without a signal: Pidgin would go through its whole list for each of them.
        self.assertEqual(host.have("buddy-aliased"), [])

    def test_buddy_removed_before_its_name_is_restored(self):
        host, server, uid = self.known()
        # At once: names are restored in the next iteration of the main loop.
        host.process.stdin.write(f"account {ALICE} demo {server.url}\nremove {ALICE} {uid}\n".encode())
        host.process.stdin.flush()
        host.wait("done", command="remove")
        until("the other name", lambda: [buddy["alias"] for buddy in host.buddies(ALICE).values()] == ["Echo"])

    def test_users_names_and_groups_are_left_alone(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        uid = self.uid(host, ALICE, "Bob Example")
        host.do("alias", ALICE, uid, text="Bobby")
        host.do("group", ALICE, uid, text="Family")
        host.do("rename-group", "Family", text="Clan")
        host.do("disconnect", ALICE)
        host.wait("disconnected", account=ALICE)
        host.do("connect", ALICE)
        host.wait("connected", account=ALICE)
        bob = host.buddies(ALICE)[uid]
        self.assertEqual((bob["alias"], bob["server_alias"], bob["group"]), ("Bobby", "Bob Example", "Clan"))


class Presence(Case):
    def test_typing_is_seen(self):
        _, alice, bob = self.two()
        alice.do("typing", ALICE, self.bob, text="1")
        self.assertEqual(alice.wait("typing-again")["seconds"], "7")
        bob.wait("typing", account=BOB, who=self.alice, state="1")
        alice.do("typing", ALICE, self.bob, text="0")
        bob.wait("typing", account=BOB, who=self.alice, state="0")
        bob.do("typing", BOB, self.alice, text="1")
        alice.wait("typing", account=ALICE, who=self.bob, state="1")
        # A user who pauses or has closed the window is not typing.
        bob.do("typing", BOB, self.alice, text="2")
        alice.wait("typing", account=ALICE, who=self.bob, state="0")
        bob.do("typing", BOB, self.alice, text="1")
        alice.wait("typing", account=ALICE, who=self.bob, state="1")
        bob.do("close", BOB, self.alice)
        alice.wait("typing", account=ALICE, who=self.bob, state="0")

    def test_typing_to_nobody_is_not_repeated(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        host.do("typing", ALICE, "nobody", text="1")
        self.assertEqual(host.wait("typing-again")["seconds"], "0")

    def test_going_offline_is_seen(self):
        _, alice, bob = self.two()
        bob.do("disconnect", BOB)
        self.wait_online(alice, ALICE, self.bob, "0")

    def test_quitting_is_seen(self):
        _, alice, bob = self.two()
        print(f"note: quitting with a poll held took {bob.quit() * 1000:.0f} ms")
        self.wait_online(alice, ALICE, self.bob, "0")

    def test_coming_back_is_seen(self):
        _, alice, bob = self.two()
        bob.do("disconnect", BOB)
        self.wait_online(alice, ALICE, self.bob, "0")
        bob.do("connect", BOB)
        self.wait_online(alice, ALICE, self.bob, "1")
        self.wait_online(bob, BOB, self.alice, "1")

    def test_invisible_is_seen_as_offline(self):
        _, alice, bob = self.two()
        bob.do("status", BOB, "invisible")
        self.wait_online(alice, ALICE, self.bob, "0")
        bob.do("status", BOB, "available")
        self.wait_online(alice, ALICE, self.bob, "1")

    def test_signing_on_as_invisible_is_not_seen(self):
        _, alice, bob = self.two()
        bob.do("disconnect", BOB)
        self.wait_online(alice, ALICE, self.bob, "0")
        seen = len(alice.have("buddy-signed-on", who=self.bob))
        # In libpurple, choosing an online status means signing on with it.
        bob.do("status", BOB, "invisible")
        bob.wait("connected", account=BOB)
        # An invisible user cannot write, so Echo sends something that Alice gets after any item about Bob.
        echo = self.uid(alice, ALICE, "Echo")
        alice.do("send", ALICE, echo, text="Is anybody there?")
        alice.message(ALICE, echo, RECV)
        self.assertEqual(len(alice.have("buddy-signed-on", who=self.bob)), seen, "Bob was seen")
        self.assertEqual(alice.buddies(ALICE)[self.bob]["online"], "0")
        # Alice does see a user who signs on visibly.
        bob.do("status", BOB, "available")
        self.wait_online(alice, ALICE, self.bob, "1")


class Refresh(OnDisk):
    def test_list_is_fetched_again_on_request(self):
        alice, _ = self.both()
        # Changes in the database are not pushed.
        with contextlib.closing(sqlite3.connect(os.path.join(self.data, "fbchatd.db"))) as database, database:
            database.execute("UPDATE users SET name = 'Robert' WHERE email = ?", (BOB,))
        alice.do("action", ALICE, "Refresh the Buddy List")
        until("the new name", lambda: alice.buddies(ALICE)[self.bob]["alias"] == "Robert")


class Idle(OnDisk):
    settings = "idle_after_s = 3\nhold_s = 1\n"

    def test_idle_is_seen_and_its_end_too(self):
        alice, bob = self.both()
        before = int(time.time())
        # A message counts as activity, and this one is the last.
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "bye")
        after = int(time.time())
        bob.do("idle", BOB, 600)
        since = int(alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="1")["idle_since"])
        self.assertTrue(before <= since <= after + 1, f"{since} is not within {before}…{after}")
        self.assertEqual(alice.buddies(ALICE)[self.bob]["online"], "1")
        # A user who signs on later gets the same from the list.
        other = self.host("alice2")
        self.sign_on(other, ALICE, self.server.url)
        self.assertEqual(other.buddies(ALICE)[self.bob]["idle_since"], str(since))
        bob.do("idle", BOB, 0)
        self.assertEqual(alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="0")["idle_since"], "0")

    def test_away_is_seen_as_idle(self):
        alice, bob = self.both()
        bob.do("status", BOB, "away")
        alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="1")
        bob.do("status", BOB, "available")
        alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="0")
