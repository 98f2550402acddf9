# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages in both directions: once, in order and exactly as written."""

import contextlib
import os
import sqlite3
import time

from case import ALICE, BOB, NASTY, Case, OnDisk
from headless import DELAYED, ERROR, RECV, REMOTE_SEND, SEND, plain


class Messages(Case):
    def check_both_ways(self, text, one_process=False):
        _, alice, bob = self.two(one_process)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, text)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, text)
        self.assert_undisturbed(alice)
        self.assert_undisturbed(bob)

    def test_nasty_text_both_ways(self):
        self.check_both_ways(NASTY)

    def test_two_accounts_in_one_process(self):
        self.check_both_ways(NASTY, one_process=True)

    def test_lines_and_blanks_are_kept(self):
        self.check_both_ways("one\n\n  three  blanks\n\ttab &lt;br&gt; <br> \\n &nbsp; end")

    def test_19000_characters(self):
        text = "".join(chr(0x4E00 + i % 5000) if i % 3 else "🎉" for i in range(19000))
        self.check_both_ways(text)

    def test_texts_that_look_like_something_else(self):
        """Markup, references, right-to-left overrides, parts of emoji: all of it is text."""
        _, alice, bob = self.two()
        for text in ("<script>alert(1)</script><img src=x><!-- </html>", "&#0; &#xD800; &nbsp; &lt;&amp;lt; &unknown;",
                     "\u202eevil\u202c \u2066isolated\u2069 \u200f", "bom \ufeff",
                     "👨‍👩‍👧‍👦 🇩🇪 e\u0301\u0301\u0301 \u0301 \U0010fffd", "for (;;);{\"t\":\"refresh\"}", "%00%0a%3Cb%3E \\u0041 \\ud83c",
                     "line\u2028separator\u2029paragraph", "/me is here", "<b>" * 6000):
            with self.subTest(text[:20]):
                self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, text)
        self.assert_undisturbed(alice)
        self.assert_undisturbed(bob)

    def test_actions_stay_recognisable(self):
        """libpurple shows a message as an action if its markup begins with "/me ", wherever it comes from."""
        server, alice, bob = self.two()
        action = "/me waves <b> & smiles"

        def check(shown):
            self.assertEqual(shown["markup"], "/me waves &lt;b&gt; &amp; smiles")

        alice.do("send", ALICE, self.bob, text=action)
        check(alice.message(ALICE, self.bob, SEND))
        check(bob.message(BOB, self.alice, RECV))
        alice.do("slash", ALICE, self.bob, text="history")
        check(alice.message(ALICE, self.bob, SEND | DELAYED))
        bob.do("slash", BOB, self.alice, text="history")
        check(bob.message(BOB, self.alice, RECV | DELAYED))
        # From another client of the same user, and while the receiver was away.
        other = self.host("alice2")
        self.sign_on(other, ALICE, server.url)
        bob.quit()
        other.do("send", ALICE, self.bob, text=action)
        check(alice.message(ALICE, self.bob, SEND | REMOTE_SEND))
        again = self.host("bob-again")
        self.sign_on(again, BOB, server.url)
        check(again.message(BOB, self.alice, RECV))
        # Markup around it, as hosts with formatted text send it.
        alice.do("markup", ALICE, self.bob, text='<FONT COLOR="#ff0000">/me waves</FONT>')
        self.assertEqual(again.message(BOB, self.alice, RECV)["markup"], "/me waves")

    def test_control_characters_are_left_out(self):
        """The server removes them; a host must not fail on them."""
        _, alice, bob = self.two()
        alice.do("send", ALICE, self.bob, text="bell \a escape \x1b[31m delete \x7f next \x85 end")
        self.assertEqual(plain(bob.message(BOB, self.alice, RECV)["markup"]), "bell  escape [31m delete  next  end")

    def test_over_the_limit_goes_in_parts(self):
        _, alice, bob = self.two()
        family, flags, accent = "👨‍👩‍👧‍👦", "🇩🇪🇫🇷", "e\u0301"
        # At the end of the first part, after 20,000 characters, there is a family emoji, then flags, then a combined letter.
        text = "x" * 19997 + family * 2000 + flags * 3001 + accent * 4000 + "\nend"
        alice.do("send", ALICE, self.bob, text=text)
        parts = []
        while sum(map(len, parts)) < len(text):
            parts.append(plain(bob.message(BOB, self.alice, RECV)["markup"]))
        self.assertEqual("".join(parts), text)
        self.assertEqual(len(parts[0]), 19997)
        for part in parts:
            self.assertLessEqual(len(part), 20000)
        for part in parts[1:]:
            self.assertNotIn(part[0], "\u200d\u0301")
            self.assertNotEqual(part[:2], "🇪🇫")
        # The sender's own conversation shows one message.
        self.assertEqual(plain(alice.message(ALICE, self.bob, SEND)["markup"]), text)
        self.assertEqual(alice.have("message"), [])

    def test_far_over_the_limit_is_refused_with_its_text(self):
        _, alice, bob = self.two()
        text = "é" * 320001
        alice.do("send", ALICE, self.bob, text=text)
        shown = alice.message(ALICE, self.bob, ERROR)["markup"]
        self.assertIn("320000", shown)
        self.assertIn(text, shown, "the text must not be lost")
        self.assertEqual(alice.have("message", flags=SEND), [], "it was not sent")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, text[:20000])

    def test_words_are_not_cut(self):
        _, alice, bob = self.two()
        text = "word " * 5000
        alice.do("send", ALICE, self.bob, text=text + "end")
        first = plain(bob.message(BOB, self.alice, RECV)["markup"])
        second = plain(bob.message(BOB, self.alice, RECV)["markup"])
        self.assertEqual((first + second, first[-5:], second[:5]), (text + "end", "word ", "word "))

    def test_links_and_formatting_become_text(self):
        _, alice, bob = self.two()
        alice.do("markup", ALICE, self.bob, text='<a href="http://a.example/">http://a.example/</a> '
                 '<a href="http://b.example/">there</a> <b>bold</b>\nnext<br>last <span dir="rtl">x</span>')
        got = bob.message(BOB, self.alice, RECV)
        self.assertEqual(plain(got["markup"].replace('<A HREF="http://a.example/">', "").replace("</A>", "")),
                         "http://a.example/ there (http://b.example/) bold\nnext\nlast x")

    def test_order_is_kept(self):
        _, alice, bob = self.two()
        for number in range(50):
            alice.do("send", ALICE, self.bob, text=f"number {number}")
        got = [plain(bob.message(BOB, self.alice, RECV)["markup"]) for _ in range(50)]
        self.assertEqual(got, [f"number {number}" for number in range(50)])

    def test_number_may_be_written_with_zeros(self):
        _, alice, bob = self.two()
        alice.do("focus", ALICE, self.bob)
        alice.do("send", ALICE, "000" + self.bob, text="the same")
        bob.message(BOB, self.alice, RECV)
        # Another name for the same conversation, as is its answer.
        alice.message(ALICE, self.bob, SEND)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "back")
        self.assertEqual(len(alice.have("window")), 1)

    def test_to_someone_without_a_number(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        host.do("send", ALICE, "nobody", text="are you there?")
        self.assertIn("are you there?", host.message(ALICE, "nobody", ERROR)["markup"])

    def test_to_someone_who_does_not_exist(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        host.do("send", ALICE, "999999999", text="are you <there>?")
        failure = plain(host.message(ALICE, "999999999", ERROR)["markup"])
        self.assertIn("are you <there>?", failure)
        self.assert_sentence(failure.split(" This message was not sent")[0])

    def test_backlog_of_two_hundred_comes_in_order(self):
        server, alice = self.demo(), self.host("alice")
        self.sign_on(alice, ALICE, server.url)
        uid = self.uid(alice, ALICE, "Bob Example")
        for number in range(200):
            alice.do("send", ALICE, uid, text=f"number {number}")
        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        got = [plain(bob.wait("message", account=BOB)["markup"]) for _ in range(200)]
        self.assertEqual(got, [f"number {number}" for number in range(200)])
        self.assertEqual(len(bob.have("window")), 1)
        self.assertEqual(alice.have("message", flags=ERROR), [])

    def test_own_message_from_elsewhere(self):
        server, alice, bob = self.two()
        other = self.host("alice2")
        self.sign_on(other, ALICE, server.url)
        other.do("send", ALICE, self.bob, text=NASTY)
        self.assertEqual(plain(bob.message(BOB, self.alice, RECV)["markup"]), NASTY)
        shown = alice.message(ALICE, self.bob, SEND | REMOTE_SEND)
        self.assertEqual(plain(shown["markup"]), NASTY)
        self.assertEqual(int(shown["flags"]) & RECV, 0)
        # The session that sent it shows it once, as its own message.
        self.exchange(bob, BOB, self.alice, other, ALICE, self.bob, "seen")
        self.assertEqual(len(other.have("message")), 0 + len(other.have("message", flags=SEND)))
        self.assertEqual(len(other.have("message", flags=SEND)), 1)

    def test_backlog_comes_once_with_its_time(self):
        server, alice = self.demo(), self.host("alice")
        self.sign_on(alice, ALICE, server.url)
        uid = self.uid(alice, ALICE, "Bob Example")
        before = int(time.time())
        alice.do("send", ALICE, uid, text=NASTY)
        alice.message(ALICE, uid, SEND)
        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        got = bob.wait("message", account=BOB)
        self.assertEqual(plain(got["markup"]), NASTY)
        self.assertTrue(before - 1 <= int(got["time"]) <= int(time.time()) + 1)
        from_ = got["with"]
        # This arrives by a later poll, and that poll confirms the earlier message to the server.
        alice.do("typing", ALICE, uid, text="1")
        bob.wait("typing", account=BOB, who=from_, state="1")
        bob.do("disconnect", BOB)
        bob.wait("disconnected", account=BOB)
        bob.do("connect", BOB)
        bob.wait("connected", account=BOB)
        self.exchange(alice, ALICE, uid, bob, BOB, from_, "the next one")
        self.assertEqual(bob.have("message", **{"with": from_}), [], "the backlog came a second time")


class Yesterday(OnDisk):
    def test_old_message_comes_late_and_with_its_time(self):
        self.start()
        alice = self.host("alice")
        self.sign_on(alice, ALICE, self.server.url)
        uid = self.uid(alice, ALICE, "Bob Example")
        before = int(time.time())
        alice.do("send", ALICE, uid, text=NASTY)
        alice.do("send", ALICE, uid, text="and more")
        bob = self.host("bob")
        alice.quit()
        self.server.stop()
        day = 86400
        # The only way to have a message of yesterday, and one that the sender's client has not received back yet.
        with contextlib.closing(sqlite3.connect(os.path.join(self.data, "fbchatd.db"))) as database, database:
            database.execute("UPDATE messages SET time = time - ?", (day * 1000,))
            database.execute("UPDATE users SET acked = 1 WHERE email = ?", (ALICE,))
        self.start()
        self.sign_on(bob, BOB, self.server.url)
        for text in (NASTY, "and more"):
            got = bob.wait("message", account=BOB)
            self.assertEqual(plain(got["markup"]), text)
            self.assertEqual(int(got["flags"]), RECV | DELAYED)
            self.assertTrue(before - 1 - day <= int(got["time"]) <= int(time.time()) + 1 - day)
        # Alice's own client does not open a conversation for a message that she sent yesterday from another one.
        again = self.host("alice-again")
        self.sign_on(again, ALICE, self.server.url)
        # Bob's next message arrives after it, and opens the only conversation.
        self.exchange(bob, BOB, self.uid(bob, BOB, "Alice Example"), again, ALICE, uid, "today")
        self.assertEqual(len(again.have("window")), 1)
        self.assertEqual(again.have("message"), [], "yesterday's opened it")

    def test_message_that_is_delivered_again_is_not_shown_again(self):
        alice, bob = self.both()
        directory = bob.directory
        for text in ("one", NASTY):
            self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, text)
        bob.quit()
        alice.quit()
        self.server.stop()
        # As if Bob had confirmed nothing, for example because his machine lost its power.
        with contextlib.closing(sqlite3.connect(os.path.join(self.data, "fbchatd.db"))) as database, database:
            database.execute("UPDATE users SET acked = 1 WHERE email = ?", (BOB,))
        self.start()
        bob, alice = self.host("bob", directory), self.host("alice-again")
        self.sign_on(bob, BOB, self.server.url)
        self.sign_on(alice, ALICE, self.server.url)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "later")
        self.assertEqual(bob.have("message"), [])
