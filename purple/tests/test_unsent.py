# SPDX-License-Identifier: GPL-2.0-or-later
"""What was accepted and not sent before sign-off goes out at the next sign-on: once, in order, and nothing of it stays behind."""

import glob
import os
import socket
import stat

from case import ALICE, BOB, NASTY, OnDisk
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import RewritingProxy
from headless import ERROR, RECV, SEND, plain
from test_failures import OFFLINE, SEND_PHP

MANY = 2_000


class Unsent(OnDisk):
    def kept(self, host):
        """The files with messages that were not sent."""
        return glob.glob(os.path.join(host.directory, "fbchat-unsent-*"))

    def send_all(self, host, texts):
        """As a user does who pastes: the host is given all at once."""
        lines = "".join(f"send {ALICE} {self.bob} {text}\n" for text in texts)
        host.process.stdin.write(lines.encode())
        host.process.stdin.flush()

    def again(self, host):
        """Alice in the next run of her host."""
        host = self.host("alice-again", host.directory)
        # With the usual patience, whatever it was before.
        host.do("account", ALICE, "demo", "-", "outage_seconds=90")
        host.wait("connected", account=ALICE)
        return host

    def check_arrival(self, texts, alice, bob):
        """Everything arrives once and in order, before what is written now."""
        alice.do("send", ALICE, self.bob, text="the end")
        got = []
        while got[-1:] != ["the end"]:
            got.append(plain(bob.message(BOB, self.alice, RECV)["markup"]))
        self.assertEqual(got, [*texts, "the end"])
        until("nothing is kept", lambda: self.kept(alice) == [])
        self.assert_undisturbed(alice)

    def test_many_messages_and_quitting_at_once(self):
        alice, bob = self.both()
        texts = [f"line {number}" for number in range(MANY)]
        self.send_all(alice, texts)
        took = alice.quit()
        print(f"note: quitting took {took * 1000:.0f} ms")
        self.assertEqual(len(self.kept(alice)), 1, "they cannot all have been sent")
        self.assertEqual([item for item in alice.have("message") if int(item["flags"]) & ERROR], [])
        self.check_arrival(texts, self.again(alice), bob)

    def test_unreachable_server_at_quit(self):
        alice, bob = self.both()
        self.server.stop()
        texts = [f"{number} {NASTY}" for number in range(3)]
        for text in texts:
            alice.do("send", ALICE, self.bob, text=text)
            alice.message(ALICE, self.bob, SEND)
        alice.quit()
        self.assertEqual(alice.have("message"), [], "nothing is lost, so nothing is told")
        path, = self.kept(alice)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, encoding="utf-8") as file:
            content = file.read()
        self.assertIn("0 héllo", content)
        self.assertIn('"cookies":[]', content, "the file lets nobody sign on")
        self.start()
        self.check_arrival(texts, self.again(alice), bob)

    def test_signing_off_and_on(self):
        alice, bob = self.both()
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.do("disconnect", ALICE)
        # Nothing changes as long as nobody answers.
        host, port = self.server.address.split(":")
        with socket.create_server((host, int(port))):
            alice.do("connect", ALICE)
            alice.wait("progress", account=ALICE)
            alice.do("disconnect", ALICE)
        self.assertEqual(len(self.kept(alice)), 1)
        self.start()
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        for _ in range(2):
            alice.wait("disconnected", account=ALICE)
        self.check_arrival([NASTY], alice, bob)

    def test_kill_before_they_are_sent_again(self):
        alice, bob = self.both()
        texts = [f"line {number}" for number in range(MANY // 10)]
        self.send_all(alice, texts)
        alice.quit()
        killed = self.again(alice)
        killed.process.kill()
        killed.process.wait()
        self.check_arrival(texts, self.again(alice), bob)

    def after_an_outage(self):
        """Alice with a message after a long outage has signed her off."""
        alice, bob = self.both()
        alice.do("account", ALICE, "demo", self.server.url, "outage_seconds=2")
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.wait("error", account=ALICE)
        alice.wait("disconnected", account=ALICE)
        return alice, bob

    def test_outage_and_the_same_session(self):
        alice, bob = self.after_an_outage()
        self.start()
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        self.check_arrival([NASTY], alice, bob)

    def test_outage_and_quitting(self):
        alice, bob = self.after_an_outage()
        alice.quit()
        self.start()
        self.check_arrival([NASTY], self.again(alice), bob)

    def test_damaged_file(self):
        alice, bob = self.both()
        self.server.stop()
        alice.do("send", ALICE, self.bob, text="lost")
        alice.quit()
        path, = self.kept(alice)
        with open(path, "r+b") as file:
            file.truncate(40)
        self.start()
        self.check_arrival([], self.again(alice), bob)

    def test_deleted_account_leaves_nothing(self):
        alice, _ = self.both()
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.do("disconnect", ALICE)
        self.assertEqual(len(self.kept(alice)), 1)
        alice.do("delete", ALICE)
        self.assertEqual(self.kept(alice), [])

    def test_refusal_names_the_person(self):
        self.start()
        front = RewritingProxy(self.server.address)
        self.addCleanup(front.close)
        alice = self.host("alice")
        self.sign_on(alice, ALICE, front.url)
        self.bob = self.uid(alice, ALICE, "Bob Example")
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.quit()
        self.start()
        front.change(SEND_PHP, OFFLINE)
        again = self.again(alice)
        told = again.wait("notify")
        self.assertEqual((told["title"], told["primary"]), ("Facebook Chat", "Bob Example"))
        self.assertIn(f"may or may not have arrived:\n{NASTY}", told["secondary"])
        until("nothing is kept", lambda: self.kept(again) == [])
        self.assertEqual(again.have("notify"), [])

