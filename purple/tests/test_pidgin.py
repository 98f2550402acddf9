# SPDX-License-Identifier: GPL-2.0-or-later
"""Pidgin itself, on a display and a message bus of its own: Alice signs on, Bob writes, Alice answers at the keyboard.

Run by dbus-run-session. What Pidgin knows is asked over D-Bus, what it shows is kept as a screenshot."""

import ast
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import peers
from peers import RECV, Host, Lines, Server, eventually, plain, run

BOB = "bob@example.org"
NASTY = "héllo <b>&amp;</b> 100% 中文 🎉"
SCREEN = "880x560x24"


def pidgin(function, *arguments):
    """Calls a function of libpurple in the running Pidgin."""
    out = run("gdbus", "call", "--session", "--timeout", "10", "--dest", "im.pidgin.purple.PurpleService", "--object-path",
              "/im/pidgin/purple/PurpleObject", "--method", f"im.pidgin.purple.PurpleInterface.{function}",
              "--", *map(str, arguments))
    # GVariant's text form is Python's but for the marks of types; "()" is the answer of functions without one.
    answer = ast.literal_eval(re.sub(r"^\((@a?[a-z]+ |u?int\d+ )", "(", out.strip()))
    return answer[0] if answer else None


class Pidgin(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.assertIn("DBUS_SESSION_BUS_ADDRESS", os.environ, "run this under dbus-run-session")
        self.directory = tempfile.TemporaryDirectory(prefix="fbchat-pidgin-test-")
        self.addCleanup(self.directory.cleanup)
        self.start_display()
        self.server = Server.demo(peers.OPTIONS.fbchatd, self.log("fbchatd"))
        self.addCleanup(self.server.stop)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pidgin-demo.sh")
        environment = peers.host_environment(self.directory.name, TMPDIR=self.directory.name)
        # A session of its own, so that a signal for the whole of it can be sent as a terminal does.
        self.pidgin = Lines([script, peers.OPTIONS.plugin, self.server.url], self.log("pidgin"), env=environment,
                            start_new_session=True)
        self.addCleanup(self.pidgin.stop)

    def log(self, who):
        path = os.path.join(peers.OPTIONS.artefacts, f"{who}-pidgin.log")
        if os.path.exists(path):
            os.unlink(path)
        return path

    def start_display(self):
        display = Lines(["Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"], self.log("xvfb"))
        self.addCleanup(display.stop)
        os.environ["DISPLAY"] = ":" + display.wait_for(str.isdigit, "a display")
        # Windows without a window manager have no frames and get no keyboard.
        manager = Lines(["openbox", "--sm-disable"], self.log("openbox"))
        self.addCleanup(manager.stop)

    def windows(self):
        """The titles of the windows that a person sees."""
        listed = run("xdotool", "search", "--onlyvisible", "--class", "pidgin").split()
        return {run("xdotool", "getwindowname", window).strip(): window for window in listed}

    def screenshot(self, name):
        path = os.path.join(peers.OPTIONS.artefacts, name)
        run("import", "-window", "root", path)
        return path

    def history(self, conversation):
        """The texts in a conversation, newest first as libpurple keeps them."""
        return [plain(pidgin("PurpleConversationMessageGetMessage", message))
                for message in pidgin("PurpleConversationGetMessageHistory", conversation)]

    def test_alice_and_bob(self):
        # Signed on, and Bob is on the list.
        eventually("Pidgin on the bus", lambda: pidgin("PurpleAccountsGetAll"))
        account = pidgin("PurpleAccountsGetAll")[0]
        self.assertEqual(pidgin("PurpleAccountGetProtocolId", account), "prpl-fbchat")
        eventually("signed on", lambda: pidgin("PurpleAccountIsConnected", account))
        named = {pidgin("PurpleBuddyGetAlias", buddy): buddy for buddy in pidgin("PurpleFindBuddies", account, "")}
        self.assertIn("Bob Example", named)
        buddy = named["Bob Example"]
        self.assertEqual(pidgin("PurplePresenceIsOnline", pidgin("PurpleBuddyGetPresence", buddy)), 0)
        eventually("the list's window", lambda: "Buddy List" in self.windows())

        # Bob comes, in another program, and writes.
        bob = Host("pidgin-bob")
        self.addCleanup(bob.discard)
        bob.do("account", BOB, "demo", self.server.url)
        bob.wait("connected", account=BOB)
        alice = [who for who, item in bob.buddies(BOB).items() if item["alias"] == "Alice Example"][0]
        eventually("Bob online", lambda: pidgin("PurplePresenceIsOnline", pidgin("PurpleBuddyGetPresence", buddy)))
        bob.do("send", BOB, alice, text=NASTY)
        conversation = eventually("a conversation", lambda: pidgin("PurpleGetIms"))[0]
        self.assertEqual(pidgin("PurpleConversationGetTitle", conversation), "Bob Example")
        self.assertEqual(eventually("a message", lambda: self.history(conversation)), [NASTY])
        window = eventually("the conversation's window", lambda: self.windows().get("Bob Example"))

        # Alice answers at the keyboard; Bob sees her typing and gets exactly what she typed.
        run("xdotool", "windowactivate", "--sync", window)
        typed = "Hello <Bob> & all: 100% \"fine\""
        run("xdotool", "type", "--window", "0", "--delay", "20", typed)
        bob.wait("typing", account=BOB, who=alice, state="1")
        run("xdotool", "key", "Return")
        self.assertEqual(plain(bob.message(BOB, alice, RECV)["markup"]), typed)
        bob.do("send", BOB, alice, text="And now\nin two lines.")
        eventually("the answer", lambda: self.history(conversation)[0] == "And now\nin two lines.")
        self.assertEqual(self.history(conversation), ["And now\nin two lines.", typed, NASTY])
        bob.do("typing", BOB, alice, text="1")
        eventually("Bob typing", lambda: pidgin("PurpleConvImGetTypingState", pidgin("PurpleConvIm", conversation)) == 1)

        # What a person sees: these two windows and no dialog.
        eventually("nothing but list and conversation",
                   lambda: {title.strip("() 0123456789") for title in self.windows()} == {"Buddy List", "Bob Example"})
        picture = self.screenshot("pidgin.png")
        colours = int(run("identify", "-format", "%k", picture))
        self.assertGreater(colours, 50, "an empty screen")

        # Bob goes; Alice sees it. Then she quits, and nothing of the profile is left.
        bob.do("disconnect", BOB)
        eventually("Bob offline", lambda: not pidgin("PurplePresenceIsOnline", pidgin("PurpleBuddyGetPresence", buddy)))
        pidgin("PurpleCoreQuit")
        self.pidgin.process.wait(peers.LIMIT)
        self.assertEqual(self.pidgin.process.returncode, 0)
        self.assertEqual([name for name in os.listdir(self.directory.name) if name.startswith("fbchat-pidgin.")], [])

    def check_end(self, end):
        eventually("Pidgin on the bus", lambda: pidgin("PurpleAccountsGetAll"))
        end()
        self.pidgin.process.wait(peers.LIMIT)
        self.assertNotEqual(self.pidgin.process.returncode, 0)
        self.assertEqual([name for name in os.listdir(self.directory.name) if name.startswith("fbchat-pidgin.")], [])
        # The output ends when nobody holds it open any more: Pidgin is gone too.
        self.pidgin.reader.join(peers.LIMIT)
        self.assertFalse(self.pidgin.reader.is_alive())

    def test_interrupt_from_the_terminal_ends_all(self):
        self.check_end(lambda: os.killpg(self.pidgin.process.pid, signal.SIGINT))

    def test_end_of_the_script_ends_all(self):
        self.check_end(lambda: self.pidgin.process.terminate())
