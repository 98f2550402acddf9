# SPDX-License-Identifier: GPL-2.0-or-later
"""Pidgin itself, on a display and a message bus of its own. Run by dbus-run-session.

The state of Pidgin is read over D-Bus, users' actions are typed at the keyboard, and the screenshots are those of the
documentation."""

import ast
import os
import pathlib
import re
import shutil
import tempfile

import headless
from case import ALICE, BOB, Case
from fbchat_testkit import Lines, run, until
from headless import plain

SCREEN = "1000x700x24"
# The title of our own questions.
TITLE = "Facebook Chat"

# A profile without an account: no sounds, and no tray icon.
PREFS = """<?xml version='1.0' encoding='UTF-8' ?>
<pref version='1' name='/'>
	<pref name='pidgin'>
		<pref name='sound'><pref name='method' type='string' value='none'/></pref>
		<pref name='docklet'><pref name='show' type='string' value='never'/></pref>
		<pref name='blist'><pref name='list_visible' type='bool' value='1'/></pref>
	</pref>
</pref>
"""

# What GNOME looked like in 2008.
GTKRC = 'include "/usr/share/themes/Clearlooks/gtk-2.0/gtkrc"\ngtk-theme-name = "Clearlooks"\n'


def pidgin(function, *arguments):
    """Calls a function of libpurple in the running Pidgin."""
    out = run("gdbus", "call", "--session", "--timeout", "10", "--dest", "im.pidgin.purple.PurpleService", "--object-path",
              "/im/pidgin/purple/PurpleObject", "--method", f"im.pidgin.purple.PurpleInterface.{function}",
              "--", *map(str, arguments))
    # The text form of GVariant is that of Python except for type prefixes; "()" is the answer of functions without a result.
    answer = ast.literal_eval(re.sub(r"^\((@a?[a-z]+ |u?int\d+ )", "(", out.strip()))
    return answer[0] if answer else None


class PidginCase(Case):
    """A display, and what it shows."""

    def setUp(self):
        super().setUp()
        self.assertIn("DBUS_SESSION_BUS_ADDRESS", os.environ, "run this under dbus-run-session")
        self.directory = tempfile.mkdtemp(prefix="fbchat-pidgin-test-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        gtkrc = os.path.join(self.directory, "gtkrc")
        pathlib.Path(gtkrc).write_text(GTKRC, encoding="utf-8")
        self.environment = headless.host_environment(self.directory, TMPDIR=self.directory, GTK2_RC_FILES=gtkrc)
        # A white background, so that screenshots can be cropped to the windows.
        display = Lines(["Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-wr"], self.log("xvfb"))
        self.addCleanup(display.stop)
        os.environ["DISPLAY"] = self.environment["DISPLAY"] = ":" + display.wait_for(str.isdigit, "a display")
        # Without a window manager, windows have no frames and no focus. A window that opens while it starts may never be shown.
        manager = Lines(["openbox", "--sm-disable", "--startup", "echo ready"], self.log("openbox"))
        self.addCleanup(manager.stop)
        manager.wait_for("ready".__eq__, "the window manager")

    def start_pidgin(self):
        """Pidgin with a new profile, as at its first start."""
        profile = os.path.join(self.directory, "profile")
        os.makedirs(os.path.join(profile, "plugins"))
        os.symlink(headless.OPTIONS.plugin, os.path.join(profile, "plugins", "libfbchat-purple.so"))
        pathlib.Path(profile, "prefs.xml").write_text(PREFS, encoding="utf-8")
        self.run_pidgin("pidgin", "-m", "-f", "-c", profile)

    def start_demo(self, url):
        """Alice in Pidgin, as `make run` starts it."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pidgin-demo.sh")
        self.run_pidgin(script, headless.OPTIONS.plugin, url)

    def run_pidgin(self, *command):
        # A session of its own, so that a signal can be sent to all of its processes, as a terminal does.
        self.pidgin = Lines(command, self.log("pidgin"), env=self.environment, start_new_session=True)
        self.addCleanup(self.pidgin.stop)
        until("Pidgin on the bus", lambda: pidgin("PurpleCoreGetVersion"))

    def signed_on(self, email):
        """The account, once it is signed on."""
        account = until("an account", lambda: pidgin("PurpleAccountsFind", email, "prpl-fbchat"))
        until(f"{email} signed on", lambda: pidgin("PurpleAccountIsConnected", account))
        return account

    def alice_and_bob(self):
        """Alice in Pidgin and Bob in a host, visible to each other: the host, Alice's uid there, and her account in Pidgin."""
        server, bob = self.demo(), self.host("bob")
        self.sign_on(bob, BOB, server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        self.start_demo(server.url)
        account = self.signed_on(ALICE)
        self.wait_online(bob, BOB, alice)
        return bob, alice, account

    def buddy(self, account, name):
        named = {pidgin("PurpleBuddyGetAlias", buddy): buddy for buddy in pidgin("PurpleFindBuddies", account, "")}
        return named.get(name)

    def buddy_online(self, account, name):
        buddy = self.buddy(account, name)
        return bool(buddy) and pidgin("PurplePresenceIsOnline", pidgin("PurpleBuddyGetPresence", buddy)) == 1

    def history(self, conversation):
        """The texts in a conversation, newest first as libpurple keeps them."""
        return [plain(pidgin("PurpleConversationMessageGetMessage", message))
                for message in pidgin("PurpleConversationGetMessageHistory", conversation)]

    def windows(self):
        """The visible windows by their titles."""
        listed = run("xdotool", "search", "--onlyvisible", "--class", "pidgin").split()
        return {run("xdotool", "getwindowname", window).strip(): window for window in listed}

    def focus(self, title):
        """The window with this title, once it is open and has the focus."""
        def has_it():
            window = self.windows().get(title)
            if not window:
                return None
            run("xdotool", "windowactivate", window)
            return window if run("xdotool", "getactivewindow").strip() == window else None

        return until(f"the window {title}", has_it)

    def press(self, *keys):
        run("xdotool", "key", "--delay", "60", *keys)

    def write(self, text):
        run("xdotool", "type", "--delay", "20", text)

    def drawn(self, title):
        """The pixels of a window, one per line, with their colours as #RRGGBB."""
        return run("import", "-window", self.windows()[title], "-depth", "8", "txt:-")

    def screenshot(self, name, window=None):
        """All windows, or one with its frame."""
        path = os.path.join(headless.OPTIONS.artefacts, name)
        run("import", *(["-frame", "-window", window] if window else ["-window", "root"]), path)
        run("convert", path, *([] if window else ["-trim", "+repage"]), "-strip", "-define", "png:compression-level=9", path)
        colours = int(run("identify", "-format", "%k", path))
        self.assertGreater(colours, 50, "an empty screen")
        return path
