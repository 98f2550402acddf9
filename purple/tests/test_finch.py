# SPDX-License-Identifier: GPL-2.0-or-later
"""Finch in a terminal of tmux: Alice signs on, Bob writes, Alice answers at the keyboard. The tests check the screen."""

import os
import re
import shutil
import tempfile

import headless
from case import ALICE, BOB, NASTY, Case
from fbchat_testkit import run, until
from headless import AUTHENTICATION_FAILED, RECV, plain

# In a profile, Finch has the name of its library for the terminal.
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

# List and conversation side by side; offline friends are listed, and typing is shown.
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
        environment = headless.host_environment(self.profile, DBUS_SESSION_BUS_ADDRESS="disabled:", TERM="screen")
        for variable in ("TMUX", "DISPLAY"):
            environment.pop(variable, None)
        return run("tmux", "-S", socket, "-f", "/dev/null", *words, env=environment)

    def start_with_account(self, url, password="demo"):
        self.write("accounts.xml", ACCOUNTS.format(email=ALICE, password=password, server=url))
        self.start()

    def start(self):
        os.mkdir(os.path.join(self.profile, "plugins"))
        os.symlink(headless.OPTIONS.plugin, os.path.join(self.profile, "plugins", "libfbchat-purple.so"))
        self.write("prefs.xml", PREFS)
        # The terminal lives longer than Finch, so that there is always one to end.
        command = f"finch -c '{self.profile}'; echo $? >'{self.profile}/status'; exec cat"
        self.tmux("new-session", "-d", "-x", "100", "-y", "26", command)
        self.addCleanup(self.tmux, "kill-server")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, pattern):
        """The screen, once it matches the pattern."""
        def check():
            shown = self.screen()
            return shown if re.search(pattern, shown) else None

        try:
            return until(f"a screen with {pattern}", check)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def status(self):
        """The exit status of Finch; empty while it runs."""
        try:
            with open(os.path.join(self.profile, "status"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def keep_screen(self, name):
        with open(os.path.join(headless.OPTIONS.artefacts, name), "w", encoding="utf-8") as file:
            file.write(self.screen())

    def test_alice_and_bob(self):
        server = self.demo()
        self.start_with_account(server.url)
        # Online friends are marked by an open circle, the others by a crossed one.
        self.assertRegex(self.shows(r"◯ Echo"), r"⊗ Bob Example")

        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        self.shows(r"◯ Bob Example")
        bob.do("send", BOB, alice, text=NASTY)
        self.shows(r"┤Bob Example .*├")
        self.shows(re.escape(f"Bob Example: {NASTY}"))

        # Alice switches to the second window and answers.
        self.press("M-2")
        typed = "Hello <Bob> & all: 100% \"fine\" é"
        self.type(typed)
        self.shows(re.escape(typed))
        bob.wait("typing", account=BOB, who=alice, state="1")
        self.press("Enter")
        self.assertEqual(plain(bob.message(BOB, alice, RECV)["markup"]), typed)
        self.shows(re.escape(f"Alice Example: {typed}"))
        bob.do("send", BOB, alice, text="And now\nin two lines.")
        self.shows(r"Bob Example: And now.*\n.*in two lines\.")
        self.type("/me waves")
        self.press("Enter")
        self.assertEqual(bob.message(BOB, alice, RECV)["markup"], "/me waves")
        self.shows(r"\*\*\* Alice Example waves")
        bob.do("send", BOB, alice, text="/me waves back")
        self.shows(r"\*\*\* Bob Example waves back")
        bob.do("file", BOB, alice, text=os.path.join(os.path.dirname(__file__), "valgrind.supp"))
        self.shows(r"Bob Example: valgrind\.supp \(\d+ bytes\)")
        bob.do("typing", BOB, alice, text="1")
        self.shows(r"Bob Example is typing")
        self.keep_screen("finch.txt")

        # Bob signs off and Alice sees it; then she quits.
        bob.do("disconnect", BOB)
        self.shows(r"⊗ Bob Example")
        self.press("M-q")
        self.assertEqual(until("the end of Finch", self.status), "0\n")

    def test_account_added_at_the_keyboard(self):
        """As docs/finch.md describes it."""
        server = self.demo()
        self.start()
        # At the first start, both windows are open already.
        self.shows("┤New Account├")
        self.press("M-c")
        self.shows("┤Accounts├")
        self.press("M-c")
        self.shows("┤Buddy List├")
        self.press("M-a")
        self.shows("┤Actions├")
        self.press("Enter")
        self.shows("┤Accounts├")
        self.press("Tab", "Enter")
        self.shows("┤New Account├")
        self.press("Space")
        self.shows(r"│Facebook Chat \(fbchat\)")
        self.press("F", "Enter")
        self.shows(r"Protocol: +│Facebook Chat \(fbchat\)")

        self.press("Tab")
        self.type(ALICE)
        self.press("Tab")
        self.type("demo")
        # Skips the alias.
        self.press("Tab", "Tab", "Space")
        self.shows(rf"Username: +{ALICE}_")
        self.shows(r"Password: +····_")
        self.shows(r"\[X\] Remember password")
        self.press("Tab", "Tab", "Tab", "C-u")
        self.shows(r"Server +_+│")
        self.type(server.url)
        # The field is narrower than the address.
        self.shows(rf"Server +\S+{server.url[-10:]}_│")
        self.keep_screen("finch-account.txt")
        # Skips six options and Cancel, to Save.
        self.press(*["Tab"] * 8, "Enter")
        self.shows(rf"\[X\] {ALICE}")
        self.press("M-c")
        self.assertRegex(self.shows(r"◯ Echo"), r"⊗ Bob Example")

    def test_wrong_password(self):
        server = self.demo()
        # The same text as in any other host.
        host = self.host("alice")
        host.do("account", ALICE, "wrong", server.url)
        error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), AUTHENTICATION_FAILED)
        self.start_with_account(server.url, "wrong")
        # The buddy list covers a part of the window with the text.
        self.shows("Modify Account")
        self.press("M-2")
        self.shows(re.escape(error["text"]))
