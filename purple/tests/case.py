# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scenarios have in common: Alice and Bob, their hosts, and the server between them."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import peers
from peers import RECV, SEND, Host, Server, plain

ALICE, BOB = "alice@example.org", "bob@example.org"
NASTY = "héllo <b>&amp;</b> 100% 中文 🎉"


class Case(unittest.TestCase):
    def setUp(self):
        self.name = self.id().rsplit(".", 1)[-1]

    def log(self, who):
        path = os.path.join(peers.OPTIONS.artefacts, f"{who}-{self.name}.log")
        if os.path.exists(path):
            os.unlink(path)
        return path

    def demo(self):
        server = Server.demo(peers.OPTIONS.fbchatd, self.log("fbchatd"))
        self.addCleanup(server.stop)
        return server

    def host(self, who, directory=None, **variables):
        name = f"{self.name}-{who}"
        path = os.path.join(peers.OPTIONS.artefacts, f"headless-{name}.log")
        if directory is None and os.path.exists(path):
            os.unlink(path)
        # Under valgrind one is enough: the other would be slow only to do the same.
        self.watched = getattr(self, "watched", who)
        host = Host(name, directory, under=peers.OPTIONS.under if who == self.watched else "", **variables)
        self.addCleanup(host.discard)
        # In order, since that is where mistakes with timers and memory show.
        self.addCleanup(host.quit)
        return host

    def sign_on(self, host, account, url, *options, password="demo"):
        host.do("account", account, password, url, *options)
        return host.wait("connected", account=account)

    def uid(self, host, account, name):
        """The number under which a host lists the buddy of this name."""
        found = [who for who, buddy in host.buddies(account).items() if buddy["alias"] == name]
        self.assertEqual(len(found), 1, f"{name} should be listed once")
        return found[0]

    def two(self, one_process=False):
        """Alice and Bob, signed on at a demo server and visible to each other."""
        server = self.demo()
        alice = self.host("alice")
        bob = alice if one_process else self.host("bob")
        self.sign_on(alice, ALICE, server.url)
        self.sign_on(bob, BOB, server.url)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        self.wait_online(bob, BOB, self.alice)
        return server, alice, bob

    def wait_online(self, host, account, who, online="1", limit=peers.LIMIT):
        deadline = time.monotonic() + limit
        while host.buddies(account)[who]["online"] != online:
            self.assertLess(time.monotonic(), deadline, f"{who} did not become online={online}")
            try:
                host.wait("buddy-signed-on" if online == "1" else "buddy-signed-off", 1.0, account=account, who=who)
            except AssertionError:
                pass

    def exchange(self, sender, sender_name, to, receiver, receiver_name, from_, text):
        """Sends a text and checks both windows; returns the line in the receiver's."""
        before = int(time.time())
        sender.do("send", sender_name, to, text=text)
        shown = sender.message(sender_name, to, SEND)
        got = receiver.message(receiver_name, from_, RECV)
        after = int(time.time())
        self.assertEqual(plain(shown["markup"]), text)
        self.assertEqual(plain(got["markup"]), text)
        self.assertTrue(before - 1 <= int(got["time"]) <= after + 1, f"{got['time']} is not within {before}…{after}")
        self.assertEqual(int(got["flags"]) & SEND, 0)
        return got

    def assert_sentence(self, text):
        """A text for people: words, no names of constants, no internals."""
        self.assertRegex(text, r"^\S+ .* .*[^ :,;]$")
        self.assertNotRegex(text, r"FBCHAT_|Error\(|::|0x|errno")

    def assert_undisturbed(self, host):
        for event in ("error", "disconnected", "notify"):
            self.assertEqual(host.have(event), [])


class OnDisk(Case):
    """A server with settings, and with data on disk, which can go away and come back."""

    settings = ""

    def setUp(self):
        super().setUp()
        self.data = tempfile.mkdtemp(prefix="fbchat-data-")
        self.addCleanup(shutil.rmtree, self.data, ignore_errors=True)
        for email, name in ((ALICE, "Alice Example"), (BOB, "Bob Example")):
            self.admin("user", "add", email, "--name", name, stdin="demo\n")
        self.admin("friend", "add", ALICE, BOB)
        self.config = os.path.join(self.data, "fbchatd.toml")
        pathlib.Path(self.config).write_text(self.settings, encoding="utf-8")
        self.server = None
        self.addCleanup(lambda: self.server and self.server.stop())
        self.path = self.log("fbchatd")

    def admin(self, *words, stdin=""):
        command = [peers.OPTIONS.fbchatd, *words, "--data", self.data]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=peers.LIMIT, check=False)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        listen = self.server.address if self.server else "127.0.0.1:0"
        self.server = Server.serve(peers.OPTIONS.fbchatd, self.data, self.config, self.path, listen)

    def both(self, *options):
        self.start()
        alice, bob = self.host("alice"), self.host("bob")
        self.sign_on(alice, ALICE, self.server.url, *options)
        self.sign_on(bob, BOB, self.server.url, *options)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return alice, bob
