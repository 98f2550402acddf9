# SPDX-License-Identifier: GPL-2.0-or-later
"""Finch, in a terminal of tmux: Alice signs on, Bob writes, Alice answers at the keyboard. What is checked is the screen."""

import os
import re
import shutil
import tempfile

import peers
from case import ALICE, BOB, NASTY, Case
from peers import AUTHENTICATION_FAILED, RECV, eventually, plain, run

# Finch's own name in a profile is that of its library for the terminal.
ACCOUNTS = """<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'>
	<account>
		<protocol>prpl-fbchat</protocol>
		<name>{email}</name>
		<password>{password}</password>
		<proxy><type>none</type></proxy>
		<settings><setting name='server' type='string'>{server}</setting></settings>
		<settings ui='gnt-purple'><setting name='auto-login' type='bool'>1</setting></settings>
	</account>
</account>
"""

# List and conversation side by side; friends who are offline are listed too, and who is typing is shown.
PREFS = """<?xml version='1.0' encoding='UTF-8' ?>
<pref version='1' name='/'>
	<pref name='finch'>
		<pref name='blist'>
			<pref name='showoffline' type='bool' value='1'/>
		</pref>
		<pref name='conversations'>
			<pref name='notify_typing' type='bool' value='1'/>
			<pref name='size'><pref name='width' type='int' value='60'/><pref name='height' type='int' value='20'/></pref>
			<pref name='position'><pref name='x' type='int' value='38'/><pref name='y' type='int' value='0'/></pref>
		</pref>
	</pref>
</pref>
"""


class Finch(Case):
    def setUp(self):
        super().setUp()
        self.profile = tempfile.mkdtemp(prefix="fbchat-finch-")
        self.addCleanup(shutil.rmtree, self.profile, ignore_errors=True)

    def write(self, name, text):
        with open(os.path.join(self.profile, name), "w", encoding="utf-8") as file:
            file.write(text)

    def tmux(self, *words):
        socket = os.path.join(self.profile, "tmux")
        environment = peers.host_environment(self.profile, DBUS_SESSION_BUS_ADDRESS="disabled:", TERM="screen")
        for variable in ("TMUX", "DISPLAY"):
            environment.pop(variable, None)
        return run("tmux", "-S", socket, "-f", "/dev/null", *words, env=environment)

    def start(self, url, password="demo"):
        os.mkdir(os.path.join(self.profile, "plugins"))
        os.symlink(peers.OPTIONS.plugin, os.path.join(self.profile, "plugins", "libfbchat-purple.so"))
        self.write("accounts.xml", ACCOUNTS.format(email=ALICE, password=password, server=url))
        self.write("prefs.xml", PREFS)
        # The terminal outlives Finch, so that there is always one to end.
        command = f"finch -c '{self.profile}'; echo $? >'{self.profile}/status'; exec cat"
        self.tmux("new-session", "-d", "-x", "100", "-y", "26", command)
        self.addCleanup(self.tmux, "kill-server")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, pattern):
        """The screen, once the pattern is on it."""
        def check():
            shown = self.screen()
            return shown if re.search(pattern, shown) else None

        try:
            return eventually(f"a screen with {pattern}", check)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def status(self):
        """What Finch ended with; nothing as long as it runs."""
        try:
            with open(os.path.join(self.profile, "status"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def test_alice_and_bob(self):
        server = self.demo()
        self.start(server.url)
        # An open circle stands before friends who are online, a crossed one before the others.
        self.assertRegex(self.shows(r"◯ Echo"), r"⊗ Bob Example")

        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        self.shows(r"◯ Bob Example")
        bob.do("send", BOB, alice, text=NASTY)
        self.shows(r"┤Bob Example .*├")
        self.shows(re.escape(f"Bob Example: {NASTY}"))

        # Alice goes to the second window and answers.
        self.tmux("send-keys", "M-2")
        typed = "Hello <Bob> & all: 100% \"fine\" é"
        self.type(typed)
        self.shows(re.escape(typed))
        bob.wait("typing", account=BOB, who=alice, state="1")
        self.tmux("send-keys", "Enter")
        self.assertEqual(plain(bob.message(BOB, alice, RECV)["markup"]), typed)
        self.shows(re.escape(f"Alice Example: {typed}"))
        bob.do("send", BOB, alice, text="And now\nin two lines.")
        self.shows(r"Bob Example: And now.*\n.*in two lines\.")
        bob.do("typing", BOB, alice, text="1")
        self.shows(r"Bob Example is typing")
        with open(os.path.join(peers.OPTIONS.artefacts, "finch.txt"), "w", encoding="utf-8") as file:
            file.write(self.screen())

        # Bob goes and Alice sees it, then she quits.
        bob.do("disconnect", BOB)
        self.shows(r"⊗ Bob Example")
        self.tmux("send-keys", "M-q")
        self.assertEqual(eventually("the end of Finch", self.status), "0\n")

    def test_wrong_password(self):
        server = self.demo()
        # The words that any other host is given.
        host = self.host("alice")
        host.do("account", ALICE, "wrong", server.url)
        error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), AUTHENTICATION_FAILED)
        self.start(server.url, "wrong")
        # The buddy list lies upon a part of the window that says so.
        self.shows("Modify Account")
        self.tmux("send-keys", "M-2")
        self.shows(re.escape(error["text"]))
