# SPDX-License-Identifier: GPL-2.0-or-later
"""BitlBee: buddies as nicks, and messages over IRC.

BitlBee looks for plugins of libpurple in one directory of its own, which its settings can move. It is spoken to over a
pair of sockets, as by inetd, so that there is no port to agree on."""

import contextlib
import os
import re
import shutil
import socket
import tempfile

import headless
from case import ALICE, BOB, NASTY, Case, OnDisk
from fbchat_testkit import LIMIT, Lines, until
from headless import RECV, SEND, plain
from behind_tls import BehindTls

CAROL = "carol@example.org"
TAG = "fbchat"


class Irc(Lines):
    """A BitlBee process, and the IRC connection to it."""

    def __init__(self, log, directory=None):
        self.directory = directory or tempfile.mkdtemp(prefix="fbchat-bitlbee-")
        plugins = os.path.join(self.directory, "plugins", "purple")
        os.makedirs(plugins, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.symlink(headless.OPTIONS.plugin, os.path.join(plugins, "libfbchat-purple.so"))
        config = os.path.join(self.directory, "bitlbee.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[settings]\nRunMode = Inetd\nAuthMode = Open\nConfigDir = {self.directory}\n"
                       f"PluginDir = {os.path.dirname(plugins)}\n")
        self.connection, theirs = socket.socketpair()
        environment = headless.host_environment(self.directory, DBUS_SESSION_BUS_ADDRESS="disabled:")
        environment.pop("DISPLAY", None)
        with theirs:
            super().__init__(["bitlbee", "-I", "-c", config], log, output=self.connection.makefile("rb"), stdin=theirs,
                             env=environment)

    def parse(self, line):
        return line.rstrip("\r\n")

    def say(self, line):
        self.connection.sendall(line.encode("utf-8") + b"\r\n")

    def heard(self, pattern):
        """Removes and returns the first line that matches the pattern."""
        return self.wait_for(lambda line: re.search(pattern, line), f"a line like {pattern}")

    def unread(self, pattern):
        with self.arrived:
            return [line for line in self.items if re.search(pattern, line)]

    def root(self, command, answer):
        """Sends a command to BitlBee and waits for its answer."""
        self.say(f"PRIVMSG &bitlbee :{command}")
        return self.heard(f"^:root!.*{answer}")

    def said_by(self, nick, to):
        return self.heard(f"^:{nick}!.* PRIVMSG {to} :").split(" :", 1)[1]

    def discard(self):
        self.connection.close()
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class InBitlBee(Case):
    def irc(self, directory=None):
        irc = Irc(self.log("bitlbee" if directory is None else "bitlbee-again"), directory)
        self.addCleanup(irc.discard)
        irc.say("NICK alice")
        irc.say("USER alice 0 * :Alice")
        irc.heard("JOIN :&bitlbee")
        return irc

    def add_account(self, irc, url, password="demo"):
        """As docs/bitlbee.md says."""
        irc.root("set utf8_nicks true", "utf8_nicks = ")
        irc.root(f"account add {TAG} {ALICE} {password}", "successfully added")
        irc.root(f"account {TAG} set server {url}", "server = ")
        irc.root(f"account {TAG} set nick_format %full_name", "nick_format = ")

    def sign_on(self, irc, *rest, **more):
        if not isinstance(irc, Irc):
            return super().sign_on(irc, *rest, **more)
        self.add_account(irc, *rest)
        return irc.root(f"account {TAG} on", "Logged in")

    def with_bob(self):
        """Alice in BitlBee and Bob in another host, visible to each other."""
        server, irc, bob = self.demo(), self.irc(), self.host("bob")
        self.sign_on(irc, server.url)
        self.sign_on(bob, BOB, server.url)
        irc.heard("^:BobExample!.* JOIN :&bitlbee")
        self.alice = self.uid(bob, BOB, "Alice Example")
        return server, irc, bob


class BitlBee(InBitlBee):
    def test_alice_and_bob(self):
        _, irc, bob = self.with_bob()
        bob.do("send", BOB, self.alice, text=NASTY)
        self.assertEqual(irc.said_by("BobExample", "alice"), NASTY)
        bob.do("send", BOB, self.alice, text="two\nlines")
        self.assertEqual([irc.said_by("BobExample", "alice") for _ in range(2)], ["two", "lines"])
        irc.say(f"PRIVMSG BobExample :{NASTY}")
        self.assertEqual(plain(bob.message(BOB, self.alice, RECV)["markup"]), NASTY)
        # In the control channel too, as IRC users do.
        irc.say("PRIVMSG &bitlbee :BobExample: over there")
        self.assertEqual(plain(bob.message(BOB, self.alice, RECV)["markup"]), "over there")

    def test_actions(self):
        _, irc, bob = self.with_bob()
        bob.do("send", BOB, self.alice, text="/me waves <b>")
        irc.heard("^:BobExample!.* PRIVMSG alice :\x01ACTION waves <b>\x01$")
        irc.say("PRIVMSG BobExample :\x01ACTION waves back\x01")
        self.assertEqual(bob.message(BOB, self.alice, RECV)["markup"], "/me waves back")
        # One that waited for Alice.
        irc.root(f"account {TAG} off", "Signing off")
        self.wait_online(bob, BOB, self.alice, "0")
        bob.do("send", BOB, self.alice, text="/me left")
        bob.message(BOB, self.alice, SEND)
        irc.root(f"account {TAG} on", "Logged in")
        irc.heard("^:BobExample!.* PRIVMSG alice :\x01ACTION left\x01$")

    def test_echo_has_a_nick_and_its_uid(self):
        server, irc = self.demo(), self.irc()
        irc.root("help purple", rf"\* {TAG} \(Facebook Chat \(fbchat\)\)")
        self.sign_on(irc, server.url)
        irc.heard(r"^:Echo!\d+@fbchat JOIN :&bitlbee")
        irc.say("PRIVMSG Echo :Is anybody there?")
        self.assertIn("Is anybody there?", irc.said_by("Echo", "alice"))

    def test_progress_is_shown_once(self):
        server, irc = self.demo(), self.irc()
        self.sign_on(irc, server.url)
        steps = [line.rsplit(": ", 1)[1] for line in irc.unread("Logging in: ")]
        self.assertEqual(steps, ["Signing in", "Loading the chat page", "Opening the channel", "Ready to chat"])

    def test_signing_on_and_off_is_seen(self):
        _, irc, bob = self.with_bob()
        bob.do("disconnect", BOB)
        irc.heard("^:BobExample!.* (QUIT|PART)")
        bob.do("connect", BOB)
        irc.heard("^:BobExample!.* JOIN")
        irc.root(f"account {TAG} off", "Signing off")
        irc.heard("^:BobExample!.* (QUIT|PART)")
        self.wait_online(bob, BOB, self.alice, "0")
        irc.say("QUIT")
        irc.process.wait(LIMIT)
        self.assertEqual(irc.process.returncode, 0)

    def test_typing(self):
        _, irc, bob = self.with_bob()
        irc.root("set typing_notice true", "typing_notice = ")
        # BitlBee shows typing only after the first message.
        bob.do("send", BOB, self.alice, text="Hello")
        irc.said_by("BobExample", "alice")
        bob.do("typing", BOB, self.alice, text="1")
        irc.heard("^:BobExample!.* PRIVMSG alice :\x01TYPING 1\x01")
        bob.do("typing", BOB, self.alice, text="0")
        irc.heard("^:BobExample!.* PRIVMSG alice :\x01TYPING 0\x01")
        irc.say("PRIVMSG BobExample :\x01TYPING 1\x01")
        bob.wait("typing", account=BOB, who=self.alice, state="1")

    def test_info(self):
        _, irc, bob = self.with_bob()
        bob.do("message", BOB, "available", text=NASTY.replace("<", "&lt;").replace("&amp;", "&amp;amp;"))
        until("Bob's status line", lambda: irc.root("info BobExample", r"User \d+ info:") and
                         irc.root("info BobExample", "Member since: ") and irc.unread(re.escape(f" :Message: {NASTY}")))
        for line in ("Name: Bob Example", "Friendship: Friend", f"E-mail address: {BOB}"):
            irc.heard(f"^:root!.* :{re.escape(line)}")
        irc.root("info nobody", "Nick `nobody' does not exist")

    def removed(self):
        """Removes Bob from the list, which opens the question."""
        server, irc, bob = self.with_bob()
        irc.root("remove BobExample", "New request: ")
        irc.heard("end the friendship with Bob Example")
        irc.heard("^:BobExample!.* QUIT")
        return server, irc, bob

    def test_removing_a_buddy_asks_before_it_ends_the_friendship(self):
        _, irc, bob = self.removed()
        irc.root("yes", "Accepted")
        bob.wait("buddy-removed", account=BOB, who=self.alice)

    def test_removal_without_an_answer_keeps_the_friendship(self):
        _, irc, bob = self.removed()
        irc.root("no", "Rejected")
        irc.root(f"account {TAG} off", "Signing off")
        self.wait_online(bob, BOB, self.alice, "0")
        irc.root(f"account {TAG} on", "Logged in")
        self.wait_online(bob, BOB, self.alice)
        # BitlBee stores no settings of the plugin, not even which buddies are hidden.
        irc.heard("^:BobExample!.* JOIN")

    def test_friend_who_ends_the_friendship_leaves(self):
        _, irc, bob = self.with_bob()
        bob.do("remove", BOB, self.alice)
        bob.do("answer", bob.wait("request", kind="action")["id"], 1)
        irc.heard("^:BobExample!.* (QUIT|PART)")

    def test_away_message_lasts_only_while_away(self):
        server, irc, bob = self.with_bob()
        elsewhere = self.host("alice")
        self.sign_on(elsewhere, ALICE, server.url)
        elsewhere.do("message", ALICE, "available", text="lasting")

        def seen(text):
            until(f"the line {text}", lambda: bob.buddies(BOB)[self.alice]["text"] == text)

        seen("lasting")
        irc.say("AWAY :brb")
        seen("brb")
        irc.say("AWAY")
        seen("lasting")
        irc.say("AWAY :brb")
        seen("brb")
        irc.say("QUIT")
        seen("lasting")

    def test_own_message_from_elsewhere(self):
        server, irc, bob = self.with_bob()
        elsewhere = self.host("alice")
        self.sign_on(elsewhere, ALICE, server.url)
        elsewhere.do("send", ALICE, self.uid(elsewhere, ALICE, "Bob Example"), text=NASTY)
        self.assertEqual(irc.said_by("alice", "BobExample"), NASTY)
        bob.message(BOB, self.alice, RECV)

    def test_wrong_password(self):
        server, irc = self.demo(), self.irc()
        self.add_account(irc, server.url, "wrong")
        sentence = irc.root(f"account {TAG} on", "Login error: ").split("Login error: ")[1]
        self.assert_sentence(sentence)
        irc.heard("Signing off")
        # BitlBee treats an account that it will retry as one that is connecting.
        irc.root("account list", re.escape(ALICE) + r"\s*$")


class Restart(OnDisk, InBitlBee):
    def test_restart_is_not_a_sign_off(self):
        self.start()
        irc, bob = self.irc(), self.host("bob")
        self.sign_on(irc, self.server.url)
        self.sign_on(bob, BOB, self.server.url)
        self.alice = self.uid(bob, BOB, "Alice Example")
        irc.heard("^:BobExample!.* JOIN")
        self.server.stop()
        bob.do("send", BOB, self.alice, text="meanwhile")
        bob.message(BOB, self.alice, SEND)
        self.start()
        self.assertEqual(irc.said_by("BobExample", "alice"), "meanwhile")
        bob.do("send", BOB, self.alice, text="after")
        self.assertEqual(irc.said_by("BobExample", "alice"), "after")
        self.assertEqual(irc.unread(r"error|Signing off|^:BobExample!.* PRIVMSG"), [])


class Certificate(BehindTls, InBitlBee):
    def test_untrusted_certificate_can_be_trusted(self):
        irc = self.irc()
        self.add_account(irc, self.url)
        irc.root(f"account {TAG} on", f"account set certificate {self.fingerprint}")
        irc.heard("Login error: .*certificate is not trusted")
        irc.heard("Signing off")
        irc.root(f"account {TAG} set certificate {self.fingerprint}", "certificate = ")
        irc.root(f"account {TAG} on", "Logged in")


class Requests(OnDisk, InBitlBee):
    def strangers(self):
        self.admin("user", "add", CAROL, "--name", "Carol Example", stdin="demo\n")
        self.start()
        irc, carol = self.irc(), self.host("carol")
        self.sign_on(irc, self.server.url)
        self.sign_on(carol, CAROL, self.server.url)
        return irc, carol

    def test_friend_request_is_a_question(self):
        irc, carol = self.strangers()
        carol.do("add", CAROL, ALICE, text="Do you remember me?")
        irc.heard("^:root!.*add you")
        irc.root("yes", "Accepted")
        irc.heard("^:CarolExample!.* JOIN :&bitlbee")
        carol.wait("buddy-signed-on", account=CAROL, alias="Alice Example")

    def test_friend_request_by_address(self):
        irc, carol = self.strangers()
        irc.say(f"PRIVMSG &bitlbee :add {TAG} {CAROL}")
        carol.do("answer", carol.wait("request", kind="authorisation", account=CAROL)["id"], 0)
        irc.heard("^:CarolExample!.* JOIN :&bitlbee")
