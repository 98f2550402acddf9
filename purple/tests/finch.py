# SPDX-License-Identifier: GPL-2.0-or-later
"""Finch in a terminal of tmux. Users' actions are typed at the keyboard, and the tests check the screen."""

import os
import re
import shutil
import tempfile

import headless
from case import ALICE, BOB, Case
from fbchat_testkit import run, until

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


class FinchCase(Case):
    """A terminal, and what it shows."""

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

    def alice_and_bob(self):
        """Alice in Finch, Bob in a host: the host, and Alice's uid there."""
        server, bob = self.demo(), self.host("bob")
        self.start_with_account(server.url)
        self.shows(r"◯ Echo")
        self.sign_on(bob, BOB, server.url)
        return bob, self.uid(bob, BOB, "Alice Example")
