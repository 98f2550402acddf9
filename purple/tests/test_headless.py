# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin in a real libpurple without windows, against a real fbchatd."""

import argparse
import contextlib
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import peers
from peers import (AUTHENTICATION_FAILED, DELAYED, ERROR, INVALID_SETTINGS, NETWORK_ERROR, RECV, REMOTE_SEND, SEND, Host,
                   Server, plain)

OPTIONS = None
ALICE, BOB = "alice@example.org", "bob@example.org"
NASTY = "héllo <b>&amp;</b> 100% 中文 🎉"


class Case(unittest.TestCase):
    def setUp(self):
        self.name = self.id().rsplit(".", 1)[-1]

    def log(self, who):
        path = os.path.join(OPTIONS.artefacts, f"{who}-{self.name}.log")
        if os.path.exists(path):
            os.unlink(path)
        return path

    def demo(self):
        server = Server.demo(OPTIONS.fbchatd, self.log("fbchatd"))
        self.addCleanup(server.stop)
        return server

    def host(self, who, directory=None, **variables):
        name = f"{self.name}-{who}"
        path = os.path.join(OPTIONS.artefacts, f"headless-{name}.log")
        if directory is None and os.path.exists(path):
            os.unlink(path)
        host = Host(OPTIONS, name, directory, **variables)
        self.addCleanup(host.discard)
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


class PluginFile(unittest.TestCase):
    """What other plugins and the host's loader see of the file."""

    def read(self, *command):
        return subprocess.run([*command, OPTIONS.plugin], capture_output=True, text=True, timeout=peers.LIMIT, check=True).stdout

    def test_exports_its_entry_only(self):
        names = [line.split()[-1] for line in self.read("nm", "-D", "--defined-only").splitlines()]
        self.assertEqual(names, ["purple_init_plugin"])

    def test_stays_in_memory_and_needs_nothing_unusual(self):
        dynamic = self.read("readelf", "-dW")
        self.assertIn("NODELETE", dynamic)
        needed = re.findall(r"Shared library: \[(\w+)", dynamic)
        self.assertLessEqual(set(needed), {"libpurple", "libglib", "libgcc_s", "libc", "libm", "ld", "libfbchat"})

    def test_uses_no_libpurple_newer_than_it_claims(self):
        # In the headers of libpurple a function without a mark is older than 2.1.
        include = subprocess.run(["pkg-config", "--cflags-only-I", "purple"], capture_output=True, text=True, check=True)
        headers = [word[2:] for word in include.stdout.split() if word.endswith("libpurple")][0]
        since = {}
        for header in pathlib.Path(headers).glob("*.h"):
            for part in header.read_text(encoding="utf-8").split("/**")[1:]:
                comment, _, declarations = part.partition("*/")
                mark = re.search(r"@since 2\.(\d+)", comment)
                for name in re.findall(r"(\w+)\s*\(", declarations):
                    since[name] = max(since.get(name, 0), int(mark.group(1)) if mark else 0)
        used = re.findall(r"U (purple_\w+|serv_\w+)", self.read("nm", "-D", "--undefined-only"))
        self.assertEqual([name for name in used if name not in since], [])
        self.assertEqual(max(since[name] for name in used), 6, "plugin.c claims 2.6")


class SignOn(Case):
    def test_plugin_presents_itself(self):
        host = self.host("host")
        plugin = host.wait("plugin")
        self.assertEqual(plugin["id"], "prpl-fbchat")
        self.assertEqual(plugin["login_label"], "E-mail address")
        self.assertIn("fbchat", plugin["name"])

    def test_progress_has_four_steps_each_shown_once(self):
        server, host = self.demo(), self.host("alice")
        connected = self.sign_on(host, ALICE, server.url)
        self.assertEqual(connected["name"], "Alice Example")
        steps = [(item["step"], item["steps"]) for item in host.have("progress")]
        self.assertEqual(steps, [(str(step), "4") for step in range(4)])

    def test_buddies_are_listed_before_connected(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        buddies = host.buddies(ALICE)
        self.assertEqual({buddy["alias"] for buddy in buddies.values()} & {"Alice Example"}, set(), "oneself is no buddy")
        bob = buddies[self.uid(host, ALICE, "Bob Example")]
        self.assertEqual((bob["group"], bob["online"], bob["status"]), ("Facebook Chat", "0", "offline"))
        self.assertTrue(any(buddy["online"] == "1" for buddy in buddies.values()), "echo is always online")

    def test_wrong_password(self):
        server, host = self.demo(), self.host("alice")
        host.do("account", ALICE, "wrong", server.url)
        error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), AUTHENTICATION_FAILED)
        self.assert_sentence(error["text"])
        host.wait("disconnected", account=ALICE)

    def test_right_password_after_a_wrong_one(self):
        server, host = self.demo(), self.host("alice")
        host.do("account", ALICE, "wrong", server.url)
        host.wait("disconnected", account=ALICE)
        self.sign_on(host, ALICE, server.url)

    def test_no_server(self):
        host = self.host("alice")
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            host.do("account", ALICE, "demo", f"http://127.0.0.1:{unused.getsockname()[1]}", limit_note())
            error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])

    def test_unknown_host_name(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", "https://chat.invalid", limit_note())
        error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])

    def web_server(self, address=("127.0.0.1", 0)):
        """Any web server; its address."""
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=directory)

            def log_message(self, *arguments):
                pass

        web = http.server.ThreadingHTTPServer(address, Quiet)
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{web.server_address[1]}"

    def test_some_other_web_server(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", self.web_server())
        error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
        self.assert_sentence(error["text"])

    def test_foreign_page_at_a_server_known_as_good_does_not_disable_the_account(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        host.do("disconnect", ALICE)
        host.wait("disconnected", account=ALICE)
        server.stop()
        self.web_server(("127.0.0.1", int(server.address.rsplit(":", 1)[1])))
        host.do("connect", ALICE)
        error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)

    def test_unencrypted_to_another_machine(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", "http://192.0.2.1:8080")
        error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
        self.assert_sentence(error["text"])

    def test_address_that_is_none(self):
        for address in ("http://[", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999"):
            with self.subTest(address=address):
                host = self.host("alice")
                host.do("account", ALICE, "demo", address)
                error = host.wait("error", account=ALICE)
                self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
                self.assert_sentence(error["text"])
                host.discard()

    def check_refused(self, proxy, **variables):
        host = self.host("alice", **variables)
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.setblocking(False)
            address = f"http://127.0.0.1:{server.getsockname()[1]}"
            # The host connects at once. Nobody listens yet, so that is over when the proxy is set.
            host.do("account", ALICE, "demo", address)
            host.wait("error", account=ALICE)
            host.wait("disconnected", account=ALICE)
            server.listen()
            host.do("proxy", ALICE, proxy)
            host.do("connect", ALICE)
            error = host.wait("error", account=ALICE)
            host.wait("disconnected", account=ALICE)
            self.assertRaises(BlockingIOError, server.accept)
        self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
        self.assert_sentence(error["text"])
        self.assertIn("proxy", error["text"])

    def test_proxy_is_never_gone_around(self):
        self.check_refused(9)

    def test_proxy_of_the_environment_is_never_gone_around(self):
        self.check_refused("environment", http_proxy="http://127.0.0.1:9")

    def test_environment_without_a_proxy_is_none(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        host.do("disconnect", ALICE)
        host.do("proxy", ALICE, "environment")
        host.do("connect", ALICE)
        host.wait("connected", account=ALICE)

    def test_server_that_accepts_and_says_nothing(self):
        host = self.host("alice")
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            host.do("account", ALICE, "demo", f"http://127.0.0.1:{silent.getsockname()[1]}", "outage_seconds=3")
            error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])

    def test_sign_off_while_signing_on(self):
        host = self.host("alice")
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            host.do("account", ALICE, "demo", f"http://127.0.0.1:{silent.getsockname()[1]}")
            host.do("disconnect", ALICE)
            host.wait("disconnected", account=ALICE)
        server = self.demo()
        self.sign_on(host, ALICE, server.url)


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

    def test_over_the_limit(self):
        _, alice, bob = self.two()
        text = "é" * 20001
        alice.do("send", ALICE, self.bob, text=text)
        shown = alice.message(ALICE, self.bob, ERROR)["markup"]
        self.assertRegex(shown, "20,?000")
        self.assertIn(text, shown, "the text must not be lost")
        self.assertEqual(alice.have("message", flags=SEND), [], "it was not sent")
        # What is exactly as long as allowed arrives, and it is the first that does.
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, text[1:])

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
        # The session that sent it shows it once, as its own.
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
        # This comes with a later poll, and that poll tells the server that the message has arrived.
        alice.do("typing", ALICE, uid, text="1")
        bob.wait("typing", account=BOB, who=from_, state="1")
        bob.do("disconnect", BOB)
        bob.wait("disconnected", account=BOB)
        bob.do("connect", BOB)
        bob.wait("connected", account=BOB)
        self.exchange(alice, ALICE, uid, bob, BOB, from_, "the next one")
        self.assertEqual(bob.have("message", **{"with": from_}), [], "the backlog came a second time")


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
        self.assertLess(bob.quit(), 0.5)
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
        # For libpurple the choice of a status that is online is the wish to sign on with it.
        bob.do("status", BOB, "invisible")
        bob.wait("connected", account=BOB)
        # Who is invisible cannot write, so the robot says something that Alice's channel brings after any news of Bob.
        echo = self.uid(alice, ALICE, "Echo")
        alice.do("send", ALICE, echo, text="Is anybody there?")
        alice.message(ALICE, echo, RECV)
        self.assertEqual(len(alice.have("buddy-signed-on", who=self.bob)), seen, "Bob was seen")
        self.assertEqual(alice.buddies(ALICE)[self.bob]["online"], "0")
        # And Alice does see who comes in the open.
        bob.do("status", BOB, "available")
        self.wait_online(alice, ALICE, self.bob, "1")

    def test_sign_off_does_not_wait(self):
        server, host = self.demo(), self.host("alice")
        took = []
        for _ in range(3):
            host.do("account", ALICE, "demo", server.url)
            host.wait("connected", account=ALICE)
            host.do("disconnect", ALICE)
            took.append(int(host.wait("closed-in")["microseconds"]))
        # The best of three, since the machine may have other work; a wait for the network would show in all of them.
        self.assertLess(min(took), 5000, f"microseconds: {took}")


class BuddyList(Case):
    def test_names_are_known_without_the_server(self):
        server, host = self.demo(), self.host("alice")
        directory = host.directory
        self.sign_on(host, ALICE, server.url)
        uid = self.uid(host, ALICE, "Bob Example")
        host.quit()
        server.stop()
        again = self.host("alice", directory)
        again.do("account", ALICE, "demo", server.url)
        self.assertEqual(again.buddies(ALICE)[uid]["alias"], "Bob Example")

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
        command = [OPTIONS.fbchatd, *words, "--data", self.data]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=peers.LIMIT, check=False)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")

    def start(self):
        listen = self.server.address if self.server else "127.0.0.1:0"
        self.server = Server.serve(OPTIONS.fbchatd, self.data, self.config, self.path, listen)

    def both(self, *options):
        self.start()
        alice, bob = self.host("alice"), self.host("bob")
        self.sign_on(alice, ALICE, self.server.url, *options)
        self.sign_on(bob, BOB, self.server.url, *options)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return alice, bob

class Outage(OnDisk):
    def check_restart(self, sig):
        alice, bob = self.both()
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "before")
        self.server.stop(sig)
        bob.do("send", BOB, self.alice, text="meanwhile " + NASTY)
        bob.message(BOB, self.alice, SEND)
        self.start()
        got = alice.message(ALICE, self.bob, RECV, 100)
        self.assertEqual(plain(got["markup"]), "meanwhile " + NASTY)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "after")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        for host in (alice, bob):
            self.assert_undisturbed(host)
            self.assertEqual([item for item in host.have("message") if int(item["flags"]) & RECV], [], "came twice")

    def test_restart_is_no_sign_off(self):
        self.check_restart(signal.SIGTERM)

    def test_killed_server_is_no_sign_off(self):
        self.check_restart(signal.SIGKILL)

    def test_lasting_outage_is_reported_with_a_reason(self):
        alice, _ = self.both("outage_seconds=2")
        self.server.stop()
        error = alice.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])
        self.start()
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)

    def test_unconfirmed_message_is_named_at_sign_off(self):
        alice, _ = self.both()
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.do("disconnect", ALICE)
        self.assertIn(NASTY, plain(alice.message(ALICE, self.bob, ERROR)["markup"]))


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
        # The one way to have a message of yesterday today, and one that the sender's own client has not fetched back yet.
        with contextlib.closing(sqlite3.connect(os.path.join(self.data, "fbchatd.db"))) as database, database:
            database.execute("UPDATE messages SET time = time - ?", (day * 1000,))
            database.execute("UPDATE deliveries SET message = message - ?", (day * 1000,))
            database.execute("UPDATE users SET acked = 1 WHERE email = ?", (ALICE,))
        self.start()
        self.sign_on(bob, BOB, self.server.url)
        for text in (NASTY, "and more"):
            got = bob.wait("message", account=BOB)
            self.assertEqual(plain(got["markup"]), text)
            self.assertEqual(int(got["flags"]), RECV | DELAYED)
            self.assertTrue(before - 1 - day <= int(got["time"]) <= int(time.time()) + 1 - day)
        # Alice's own client does not open a window for what she wrote yesterday in another one.
        again = self.host("alice-again")
        self.sign_on(again, ALICE, self.server.url)
        # What Bob sends now comes after it, and opens the one window.
        self.exchange(bob, BOB, self.uid(bob, BOB, "Alice Example"), again, ALICE, uid, "today")
        self.assertEqual(len(again.have("window")), 1)
        self.assertEqual(again.have("message"), [], "yesterday's opened it")


class Idle(OnDisk):
    settings = "idle_after_s = 3\nhold_s = 1\n"

    def test_idle_is_seen_and_its_end_too(self):
        alice, bob = self.both()
        bob.do("idle", BOB, 600)
        alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="1")
        self.assertEqual(alice.buddies(ALICE)[self.bob]["online"], "1")
        bob.do("idle", BOB, 0)
        alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="0")

    def test_away_is_seen_as_idle(self):
        alice, bob = self.both()
        bob.do("status", BOB, "away")
        alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="1")
        bob.do("status", BOB, "available")
        alice.wait("buddy-idle", account=ALICE, who=self.bob, idle="0")


def limit_note():
    """Shortens the time after which a sign-on without an answer is given up; errors that come at once are not affected."""
    return "outage_seconds=20"


if __name__ == "__main__":
    OPTIONS, REST = peers.parse_options(argparse.ArgumentParser())
    unittest.main(argv=[sys.argv[0], *REST], verbosity=2)
