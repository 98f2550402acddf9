# SPDX-License-Identifier: GPL-2.0-or-later
"""telepathy-haze: libpurple behind D-Bus, as Empathy and KDE's programs use it. Run by dbus-run-session."""

import os
import re
import tempfile

import headless
from case import ALICE, BOB, NASTY, Case
from fbchat_testkit import Lines, run, until
from fbchat_testkit.rewriting_proxy import RewritingProxy
from headless import RECV, plain
from test_failures import OFFLINE, SEND_PHP

TELEPATHY = "org.freedesktop.Telepathy"
HAZE = "/usr/lib/telepathy/telepathy-haze"
HAZE_NAME = f"{TELEPATHY}.ConnectionManager.haze"


def call(path, method, *arguments):
    """The answer in the text form of GVariant. Interfaces are named without their common prefix."""
    return run("gdbus", "call", "--session", "--timeout", "10", "--dest", HAZE_NAME,
               "--object-path", path, "--method", method, "--", *arguments).strip()


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def variants(**values):
    return "{" + ", ".join(f"'{key}': <{quoted(value)}>" for key, value in values.items()) + "}"


class Haze(Case):
    def setUp(self):
        super().setUp()
        self.assertIn("DBUS_SESSION_BUS_ADDRESS", os.environ, "run this under dbus-run-session")
        directory = tempfile.TemporaryDirectory(prefix="fbchat-haze-")
        self.addCleanup(directory.cleanup)
        plugins = os.path.join(directory.name, "plugins")
        os.mkdir(plugins)
        os.symlink(headless.OPTIONS.plugin, os.path.join(plugins, "libfbchat-purple.so"))
        environment = headless.host_environment(directory.name, TMPDIR=directory.name, FBCHAT_PLUGIN_DIR=plugins,
                                             LD_PRELOAD=headless.OPTIONS.search_path, HAZE_PERSIST="1")
        environment.pop("DISPLAY", None)
        haze = Lines([HAZE], self.log("haze"), env=environment)
        self.addCleanup(haze.stop)
        self.manager = "/" + HAZE_NAME.replace(".", "/")
        # A call before it is on the bus would start another one, without the plugin.
        until("haze on the bus", lambda: run(
            "gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/org/freedesktop/DBus", "--method",
            "org.freedesktop.DBus.NameHasOwner", HAZE_NAME).strip() == "(true,)")
        self.assertIn("'fbchat'", call(self.manager, f"{TELEPATHY}.ConnectionManager.ListProtocols"))

    def connection_of(self, url, password="demo"):
        answer = call(self.manager, f"{TELEPATHY}.ConnectionManager.RequestConnection", "fbchat",
                      variants(account=ALICE, password=password, server=url))
        connection = re.search(r"objectpath '([^']+)'", answer).group(1)
        call(connection, f"{TELEPATHY}.Connection.Connect")
        return connection

    def connect(self, url):
        connection = self.connection_of(url)
        until("connected", lambda: self.property(connection, f"{TELEPATHY}.Connection", "Status") == "(<uint32 0>,)")
        return connection

    def property(self, path, interface, name):
        return call(path, "org.freedesktop.DBus.Properties.Get", interface, name)

    def contact(self, connection, name):
        """The attributes of the contact with this alias, as text."""
        contacts = call(connection, f"{TELEPATHY}.Connection.Interface.ContactList.GetContactListAttributes",
                        str([f"{TELEPATHY}.Connection.Interface.{part}" for part in ("Aliasing", "SimplePresence")]), "false")
        return next(text for text in re.findall(r"\d: \{([^{}]*)\}", contacts) if f"/alias': <'{name}'>" in text)

    def channel(self, connection, who):
        wanted = (f"{{'{TELEPATHY}.Channel.ChannelType': <'{TELEPATHY}.Channel.Type.Text'>, "
                  f"'{TELEPATHY}.Channel.TargetHandleType': <uint32 1>, '{TELEPATHY}.Channel.TargetID': <{quoted(who)}>}}")
        answer = call(connection, f"{TELEPATHY}.Connection.Interface.Requests.EnsureChannel", wanted)
        return re.search(r"objectpath '([^']+)'", answer).group(1)

    def pending(self, channel):
        """What has arrived in a conversation, as text."""
        return self.property(channel, f"{TELEPATHY}.Channel.Interface.Messages", "PendingMessages")

    def test_alice_and_bob(self):
        server, bob = self.demo(), self.host("bob")
        connection = self.connect(server.url)
        self.assertIn("'offline'", self.contact(connection, "Bob Example"))
        self.sign_on(bob, BOB, server.url)
        until("Bob online", lambda: "'available'" in self.contact(connection, "Bob Example"))
        who = re.search(r"/contact-id': <'(\d+)'>", self.contact(connection, "Bob Example")).group(1)
        alice = self.uid(bob, BOB, "Alice Example")
        self.wait_online(bob, BOB, alice)

        # Handle 1 is the user. For haze, a protocol with aliases of others has an alias of the user, too.
        aliasing = f"{TELEPATHY}.Connection.Interface.Aliasing"
        call(connection, f"{aliasing}.SetAliases", "{1: 'Ally <b>'}")
        until("the new name", lambda: bob.buddies(BOB)[alice]["server_alias"] == "Ally <b>")

        channel = self.channel(connection, who)
        call(channel, f"{TELEPATHY}.Channel.Type.Text.Send", "0", quoted(NASTY))
        self.assertEqual(plain(bob.message(BOB, alice, RECV)["markup"]), NASTY)
        bob.do("send", BOB, alice, text=NASTY)
        pending = until("the answer", lambda: "content" in self.pending(channel) and self.pending(channel))
        self.assertIn(f"'message-sender-id': <'{who}'>", pending)
        self.assertIn(f"'content': <{quoted(NASTY)}>", pending)

        call(connection, f"{TELEPATHY}.Connection.Disconnect")
        self.wait_online(bob, BOB, alice, "0")

    def test_message_that_was_refused(self):
        front = RewritingProxy(self.demo().address)
        self.addCleanup(front.close)
        connection = self.connect(front.url)
        who = re.search(r"/contact-id': <'(\d+)'>", until("Echo", lambda: self.contact(connection, "Echo"))).group(1)
        channel = self.channel(connection, who)
        front.change(SEND_PHP, OFFLINE)
        call(channel, f"{TELEPATHY}.Channel.Type.Text.Send", "0", quoted("Are you there?"))
        # A report of delivery, with what a person is to read.
        report = until("the failure", lambda: "delivery-status" in self.pending(channel) and self.pending(channel))
        self.assertIn("no longer online. This message was not sent:\\nAre you there?", report)

    def test_wrong_password(self):
        server = self.demo()
        signals = Lines(["gdbus", "monitor", "--session", "--dest", HAZE_NAME], self.log("signals"))
        self.addCleanup(signals.stop)
        signals.wait_for(lambda line: "is owned by" in line, "the monitor")
        self.connection_of(server.url, "wrong")
        # Disconnected, for reason 3: authentication failed.
        signals.wait_for(lambda line: "StatusChanged (uint32 2, uint32 3)" in line, "the refusal")
