# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scenarios have in common: Alice and Bob, their hosts, and the server."""

import hashlib
import os
import time
import unittest

import headless
from fbchat_testkit import LIMIT, Deployment, Server
from headless import RECV, SEND, Host, plain

ALICE, BOB = "alice@example.org", "bob@example.org"
NASTY = "héllo <b>&amp;</b> 100% 中文 🎉"


class Case(unittest.TestCase):
    def setUp(self):
        self.name = self.id().rsplit(".", 1)[-1]

    def log(self, who):
        path = os.path.join(headless.OPTIONS.artefacts, f"{who}-{self.name}.log")
        if os.path.exists(path):
            os.unlink(path)
        return path

    def demo(self):
        server = Server.demo(headless.OPTIONS.fbchatd, self.log("fbchatd"))
        self.addCleanup(server.stop)
        return server

    def host(self, who, directory=None, **variables):
        name = f"{self.name}-{who}"
        path = os.path.join(headless.OPTIONS.artefacts, f"headless-{name}.log")
        if directory is None and os.path.exists(path):
            os.unlink(path)
        # Under valgrind one host is enough: a second one would be slow and do the same.
        self.watched = getattr(self, "watched", who)
        host = Host(name, directory, under=headless.OPTIONS.under if who == self.watched else "", **variables)
        self.addCleanup(host.discard)
        # A proper end, which is where mistakes with timers and memory show.
        self.addCleanup(host.quit)
        return host

    def sign_on(self, host, account, url, *options, password="demo"):
        host.do("account", account, password, url, *options)
        return host.wait("connected", account=account)

    def uid(self, host, account, name):
        """The uid of the buddy with this name."""
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

    def wait_online(self, host, account, who, online="1", limit=LIMIT):
        deadline = time.monotonic() + limit
        while host.buddies(account)[who]["online"] != online:
            self.assertLess(time.monotonic(), deadline, f"{who} did not become online={online}")
            try:
                host.wait("buddy-signed-on" if online == "1" else "buddy-signed-off", 1.0, account=account, who=who)
            except AssertionError:
                pass

    def exchange(self, sender, sender_name, to, receiver, receiver_name, from_, text):
        """Sends a text and checks both conversations; returns the message of the receiver."""
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

    def keep_nothing(self, directory, url):
        """Makes it impossible to keep what Alice has not sent, as a full disk does."""
        key = hashlib.sha256(f"{url} {ALICE}".encode()).hexdigest()
        os.makedirs(os.path.join(directory, f"fbchat-unsent-{key}.save"))

    def assert_sentence(self, text):
        """A text for users: words, no names of constants, no internals."""
        self.assertRegex(text, r"^\S+ .* .*[^ :,;]$")
        self.assertNotRegex(text, r"FBCHAT_|Error\(|::|0x|errno")

    def assert_undisturbed(self, host):
        for event in ("error", "disconnected", "notify"):
            self.assertEqual(host.have(event), [])


class OnDisk(Case):
    """A server with settings, and with data on disk, that can be stopped and restarted."""

    settings = ""

    def setUp(self):
        super().setUp()
        self.path = self.log("fbchatd")
        self.deployment = Deployment(headless.OPTIONS.fbchatd, self.path, self.settings)
        self.addCleanup(self.deployment.discard)
        self.data, self.config, self.admin = self.deployment.data, self.deployment.config, self.deployment.admin
        for email, name in ((ALICE, "Alice Example"), (BOB, "Bob Example")):
            self.deployment.account(email, name, "demo")
        self.deployment.befriend(ALICE, BOB)
        self.start = self.deployment.start

    @property
    def server(self):
        return self.deployment.server

    def both(self, *options):
        self.start()
        alice, bob = self.host("alice"), self.host("bob")
        self.sign_on(alice, ALICE, self.server.url, *options)
        self.sign_on(bob, BOB, self.server.url, *options)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return alice, bob
