# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles, search, pokes, commands, read marks and notices."""

import contextlib
import html
import sqlite3

from case import ALICE, BOB, NASTY, Case, OnDisk
from fbchat_testkit import until
from headless import DELAYED, ERROR, RECV, SEND, plain

CAROL = "carol@example.org"
NO_LOG = 0x40


class Profiles(Case):
    def test_info_of_a_friend(self):
        _, alice, bob = self.two()
        bob.do("message", BOB, "available", text="reads &lt;b&gt;books")
        alice.wait("buddy-status", who=self.bob)
        alice.do("info", ALICE, self.bob)
        text = html.unescape(alice.wait("userinfo", account=ALICE, who=self.bob)["text"])
        for part in ("Bob Example", BOB, self.bob, "reads <b>books", "Friend", "Member since"):
            self.assertIn(part, text)

    def test_info_of_an_unknown_user(self):
        _, alice, _ = self.two()
        for who in ("999999999", "nobody"):
            alice.do("info", ALICE, who)
            self.assertRegex(alice.wait("userinfo", account=ALICE, who=who)["text"], "Error.*[a-z]{3} [a-z]+")

    def test_commands_whois_and_whoami(self):
        _, alice, _ = self.two()
        alice.do("slash", ALICE, self.bob, text="whois")
        self.assertIn("Bob Example", alice.wait("userinfo", account=ALICE, who=self.bob)["text"])
        alice.do("slash", ALICE, self.bob, text="whoami")
        text = alice.wait("userinfo", account=ALICE, who=self.alice)["text"]
        self.assertIn("Alice Example", text)
        self.assertIn("This is you", text)


class Search(Case):
    def test_found_and_shown(self):
        _, alice, _ = self.two()
        alice.do("action", ALICE, "Search for People...")
        alice.do("answer", alice.wait("request", kind="input")["id"], 0, text="Bob")
        found = alice.wait("found", account=ALICE)
        self.assertEqual(found["row"], f"Bob Example|{self.bob}|Friend")
        alice.do("press", ALICE, 0, 3)
        alice.wait("userinfo", account=ALICE, who=self.bob)

    def test_no_results(self):
        _, alice, _ = self.two()
        alice.do("slash", ALICE, self.bob, text="search Xyzzy")
        self.assert_sentence(alice.wait("notify")["primary"])

    def test_cancelled_and_closed_at_sign_off(self):
        _, alice, _ = self.two()
        alice.do("action", ALICE, "Search for People...")
        alice.do("answer", alice.wait("request", kind="input")["id"], 1)
        alice.do("action", ALICE, "Search for People...")
        question = alice.wait("request", kind="input")
        alice.do("disconnect", ALICE)
        alice.wait("request-closed", id=question["id"])


class Menus(Case):
    def test_actions_are_those_that_the_server_can_do(self):
        _, alice, _ = self.two()
        alice.do("action", ALICE, "-")
        labels = [item["label"] for item in alice.have("action")]
        self.assertEqual(labels, ["Search for People...", "Set Status Line...", "Change Name...", "Change Password...",
                                  "My Sessions in the Browser", "Refresh the Buddy List", "About"])

    def test_sessions_are_shown_in_the_browser(self):
        server, alice, _ = self.two()
        alice.do("action", ALICE, "My Sessions in the Browser")
        self.assertEqual(alice.wait("uri")["uri"], server.url.rstrip("/") + "/home.php")

    def test_about_says_what_a_report_needs(self):
        server, alice, bob = self.two()
        alice.do("action", ALICE, "About")
        about = alice.wait("notify")
        self.assertIn(alice.wait("plugin")["version"], about["primary"])
        self.assertIn(server.url.rstrip("/"), about["secondary"])
        self.assertIn(self.alice, about["secondary"])

    def test_status_line_by_menu_and_by_command(self):
        _, alice, bob = self.two()
        alice.do("action", ALICE, "Set Status Line...")
        alice.do("answer", alice.wait("request", kind="input")["id"], 0, text=NASTY)
        self.assertEqual(html.unescape(bob.wait("buddy-status", who=self.alice)["text"]), NASTY)
        alice.do("slash", ALICE, self.bob, text="status by command")
        self.assertEqual(bob.wait("buddy-status", who=self.alice)["text"], "by command")
        alice.do("slash", ALICE, self.bob, text="status")
        self.assertEqual(bob.wait("buddy-status", who=self.alice)["text"], "")

    def test_poke_by_button_menu_and_command(self):
        _, alice, bob = self.two()
        alice.do("menu", ALICE, self.bob, text="Poke")
        alice.message(ALICE, self.bob, SEND)
        bob.wait("poke", account=BOB, who=self.alice)
        bob.do("slash", BOB, self.alice, text="poke")
        alice.wait("poke", account=ALICE, who=self.bob)
        alice.do("poke", ALICE, self.bob)
        alice.message(ALICE, self.bob, SEND)
        bob.wait("poke", account=BOB, who=self.alice)
        for _ in range(2):
            bob.wait("message", account=BOB, markup="You were poked")
        # A second poke is refused until Bob pokes back.
        alice.do("poke", ALICE, self.bob)
        alice.message(ALICE, self.bob, SEND)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "later")
        self.assertEqual(bob.have("poke"), [])

    def test_poking_a_stranger_says_why_not(self):
        _, alice, _ = self.two()
        alice.do("slash", ALICE, "99999999", text="poke")
        self.assert_sentence(plain(alice.message(ALICE, "99999999", ERROR)["markup"]))

    def test_history_is_shown_late_and_not_logged(self):
        _, alice, bob = self.two()
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, NASTY)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "yes & no")
        alice.do("slash", ALICE, self.bob, text="history")
        mine = alice.message(ALICE, self.bob, SEND | DELAYED | NO_LOG)
        theirs = alice.message(ALICE, self.bob, RECV | DELAYED | NO_LOG)
        self.assertEqual([plain(mine["markup"]), plain(theirs["markup"])], [NASTY, "yes & no"])
        self.assertEqual(theirs["alias"], "Bob Example")


    def opened(self, option):
        """Alice opens a conversation with Bob after twelve messages of each; returns her host."""
        server, alice, bob = self.two()
        for number in range(12):
            self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, f"mine {number}")
            self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, f"Bob's {number}")
        alice.quit()
        again = self.host("alice-again")
        self.sign_on(again, ALICE, server.url, option)
        again.do("focus", ALICE, self.bob)
        return again, bob

    def test_latest_messages_when_a_window_is_opened(self):
        again, bob = self.opened("history=true")
        got = [plain(again.message(ALICE, self.bob, DELAYED | NO_LOG)["markup"]) for _ in range(20)]
        self.assertEqual(got[-2:], ["mine 11", "Bob's 11"])
        self.assertEqual(again.have("message"), [])
        # A conversation that a message opens begins with that message.
        again.do("close", ALICE, self.bob)
        self.exchange(bob, BOB, self.alice, again, ALICE, self.bob, "new")
        self.exchange(bob, BOB, self.alice, again, ALICE, self.bob, "newer")
        self.assertEqual(again.have("message"), [])

    def test_no_old_messages_unless_wanted(self):
        again, bob = self.opened("history=false")
        self.exchange(bob, BOB, self.alice, again, ALICE, self.bob, "new")
        again.do("info", ALICE, self.bob)
        again.wait("userinfo", account=ALICE)
        self.assertEqual(again.have("message"), [])


class Sessions(OnDisk):
    def test_session_has_the_name_of_the_host(self):
        self.start()
        alice = self.host("alice", HEADLESS_NAME="Tin (can); 1")
        self.sign_on(alice, ALICE, self.server.url)
        self.assertRegex(self.admin("session", "list", ALICE), r"Mozilla/5\.0 \(compatible; fbchat/[\d.]+; Tin _can__ 1\)")


class Unread(OnDisk):
    def unread(self):
        """The number of Alice's unread conversations on the server."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/fbchatd.db?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM unread").fetchone()[0]

    def write(self, alice, bob, text):
        bob.do("send", BOB, self.alice, text=text)
        self.assertEqual(plain(alice.message(ALICE, self.bob, RECV)["markup"]), text)
        until("unread", lambda: self.unread() == 1)

    def test_shown_messages_are_marked_as_read(self):
        alice, bob = self.both()
        self.write(alice, bob, "one")
        alice.do("focus", ALICE, self.bob)
        until("read", lambda: self.unread() == 0)
        # While the conversation has the focus, messages are marked as read when they arrive.
        bob.do("send", BOB, self.alice, text="two")
        alice.message(ALICE, self.bob, RECV)
        until("read", lambda: self.unread() == 0)
        alice.do("focus", ALICE, self.bob, text="away")
        self.write(alice, bob, "three")

    def test_read_marks_can_be_switched_off(self):
        alice, bob = self.both("mark_read=false")
        self.write(alice, bob, "one")
        alice.do("focus", ALICE, self.bob)
        # Changes are sent in order, so a read mark would arrive before the status line.
        alice.do("message", ALICE, "available", text="done")
        bob.wait("buddy-status", who=self.alice, text="done")
        self.assertEqual(self.unread(), 1)


class Notices(OnDisk):
    def test_acceptance_of_a_friend_request_while_away(self):
        self.admin("user", "add", CAROL, "--name", "Carol Example", stdin="demo\n")
        alice, _ = self.both("check-mail=true")
        alice.do("add", ALICE, CAROL)
        until("asked", lambda: any("Carol" in buddy["alias"] for buddy in alice.buddies(ALICE).values()))
        alice.do("disconnect", ALICE)
        alice.wait("disconnected", account=ALICE)
        carol = self.host("carol")
        self.sign_on(carol, CAROL, self.server.url)
        carol.do("answer", carol.wait("request", kind="authorisation")["id"], 0)
        until("accepted", lambda: carol.buddies(CAROL))
        alice.do("connect", ALICE)
        mail = alice.wait("mail", account=ALICE)
        self.assertEqual((mail["from"], mail["subject"]), ("Carol Example", "Your friend request was accepted"))
        self.assertTrue(mail["url"].startswith(self.server.url.rstrip("/")))

    def test_none_unless_wanted(self):
        self.start()
        alice = self.host("alice")
        self.sign_on(alice, ALICE, self.server.url)
        with open(alice.log, encoding="utf-8") as log:
            self.assertNotIn("notifications", log.read())
