# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures of messages: each is told once, with the text, where the host shows it, and in words that are true."""

from case import ALICE, BOB, NASTY, OnDisk
from fbchat_testkit.rewriting_proxy import answer
from headless import ERROR, SEND, plain
from test_hostile import GARBAGE, Hostile

SEND_PHP = "/ajax/chat/send.php"
OFFLINE = answer([], 1356003, errorDescription="This person is no longer online.")


class Unknown(Hostile):
    def test_message_that_may_have_arrived_is_not_called_unsent(self):
        alice, _ = self.both()
        # The first answer is lost, so the refusal that follows says nothing about the first attempt.
        self.proxy.change(SEND_PHP, GARBAGE["page"])
        self.proxy.change(SEND_PHP, OFFLINE)
        alice.do("send", ALICE, self.bob, text=NASTY)
        told = plain(alice.message(ALICE, self.bob, ERROR)["markup"])
        sentence, text = told.split(":\n")
        self.assertEqual(text, NASTY)
        self.assert_sentence(sentence)
        self.assertIn("may or may not have arrived", sentence)
        self.assertNotIn("not sent", sentence)

    def test_change_that_may_have_been_made_is_not_called_refused(self):
        alice, _ = self.both()
        self.proxy.change("/ajax/fbchat/password.php", (503, b"<html>"))
        alice.do("password", ALICE, "demo", text="demo demo demo")
        told = alice.wait("notify")
        self.assertIn("may or may not have been done", told["primary"])
        self.assertNotIn("not changed", told["primary"] + (told["secondary"] or ""))


class Windows(Hostile):
    def test_without_a_window_the_dialog_names_the_person(self):
        alice, _ = self.both()
        # The second attempt comes after a pause; by then the window is closed.
        self.proxy.change(SEND_PHP, GARBAGE["page"])
        self.proxy.change(SEND_PHP, OFFLINE)
        alice.process.stdin.write(f"send {ALICE} {self.bob} Are you there?\nclose {ALICE} {self.bob}\n".encode())
        alice.process.stdin.flush()
        told = alice.wait("notify")
        self.assertEqual((told["title"], told["primary"]), ("Facebook Chat", "Bob Example"))
        self.assertIn("may or may not have arrived:\nAre you there?", told["secondary"])
        self.assertEqual(alice.have("notify"), [])


class SignOff(OnDisk):
    """What cannot be kept for the next sign-on is told."""

    def test_messages_without_an_answer_are_told_in_order(self):
        alice, _ = self.both()
        self.keep_nothing(alice.directory, self.server.url)
        self.server.stop()
        texts = [f"{number} {NASTY}" for number in range(20)]
        for text in texts:
            alice.do("send", ALICE, self.bob, text=text)
            alice.message(ALICE, self.bob, SEND)
        alice.do("disconnect", ALICE)
        told = [plain(alice.message(ALICE, self.bob, ERROR)["markup"]) for _ in texts]
        self.assertEqual([line.split(":\n")[1] for line in told], texts)
        self.assert_sentence(told[0].split(":\n")[0])

    def test_closed_window_does_not_swallow_them(self):
        alice, _ = self.both()
        self.keep_nothing(alice.directory, self.server.url)
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.do("close", ALICE, self.bob)
        alice.do("disconnect", ALICE)
        told = alice.wait("notify")
        self.assertEqual(told["primary"], "Bob Example")
        self.assertIn(NASTY, told["secondary"])
