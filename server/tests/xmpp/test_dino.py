"""Dino, as it comes from Debian, under Xvfb. It trusts no certificate that the system does not, so it runs where the system's files are
others: in a mount namespace."""

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile

from case import Case, Site, until
from clients import PASSWORD
from fbchat_testkit import Lines, run

# What is different for Dino: the certificates that the system trusts, and where the domain is.
PLACES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/hosts", "/etc/resolv.conf")
# GLib knows where localhost is, whatever the system says.
DOMAIN = "chat.test"


def apart():
    """The beginning of a command that has mounts of its own."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        is_shared = any(" shared:" in mount for mount in mounts)
    # In a chroot the root is no mount, and cannot be made private. It need not be where nothing is shared.
    kept = [] if is_shared else ["--propagation", "unchanged"]
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *user, *kept, "--mount", "--pid", "--fork", "--kill-child"]


class Dino(Case):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="fbchat-dino-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.site = Site(self.site.fbchatd, self.site.artefacts, self.site.clients, DOMAIN)
        self.addCleanup(self.site.discard)
        self.site.start()

    def screen(self):
        """An X server of its own; returns its name."""
        xvfb = Lines(["Xvfb", "-displayfd", "1", "-screen", "0", "1000x700x24", "-nolisten", "tcp"], self.log("xvfb"))
        self.addCleanup(xvfb.stop)
        return ":" + xvfb.wait_for(lambda line: line.strip().isdigit(), "a display").strip()

    def start(self):
        places = {name: os.path.join(self.home, name) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
        environment = dict(os.environ, HOME=self.home, DISPLAY=self.display, GDK_BACKEND="x11", GSK_RENDERER="cairo",
                           GTK_A11Y="none", LANG="C.UTF-8", GSETTINGS_BACKEND="memory", **places)
        mounts = " && ".join(f"mount --bind {self.home}/{os.path.basename(place)} {place}" for place in PLACES)
        command = [*apart(), "sh", "-c", f"{mounts} && exec dbus-run-session -- dino-im"]
        dino = Lines(command, self.log("dino"), env=environment)
        self.addCleanup(dino.stop, signal.SIGKILL)
        return dino

    @property
    def database(self):
        return os.path.join(self.home, "XDG_DATA_HOME/dino/dino.db")

    def query(self, *statement):
        """What a statement finds in Dino's database."""
        if not os.path.exists(self.database):
            return []
        with contextlib.closing(sqlite3.connect(self.database)) as database, contextlib.suppress(sqlite3.OperationalError):
            found = database.execute(*statement).fetchall()
            database.commit()
            return found
        return []

    def xdotool(self, *words):
        return run("xdotool", *words, env=dict(os.environ, DISPLAY=self.display))

    # What people would see is in dino.png.
    async def test_dino_sees_a_friend_and_chats(self):
        ann, bob = self.accounts("Ann Example", "Bob B. Example")
        address = await self.usual_port()
        shutil.copy(self.site.certificate, os.path.join(self.home, "ca-certificates.crt"))
        with open(os.path.join(self.home, "hosts"), "w", encoding="utf-8") as hosts:
            hosts.write(f"{address} {DOMAIN}\n")
        with open(os.path.join(self.home, "resolv.conf"), "w", encoding="utf-8") as resolver:
            resolver.write(f"nameserver {address}\n")
        self.display = await asyncio.to_thread(self.screen)
        # The first start makes the database, in which an account is put as the window of Dino does.
        first = self.start()
        await until("the database", lambda: self.query("SELECT 1 FROM sqlite_master WHERE name = 'conversation_settings'"))
        await asyncio.to_thread(first.stop, signal.SIGKILL)
        self.query("INSERT INTO account(bare_jid, resourcepart, password, enabled, alias) VALUES (?, 'dino', ?, 1, '')",
                   (f"{ann}@{DOMAIN}", PASSWORD))
        other = await self.person(bob).log_in()
        self.start()
        await other.friend(ann)
        other.send_message(f"{ann}@{DOMAIN}", "hello Dino", mtype="chat")
        await until("the message", lambda: self.query("SELECT 1 FROM message WHERE body = 'hello Dino'"))
        self.assertEqual(await asyncio.to_thread(self.query, "SELECT name FROM roster"), [("Bob B. Example",)])

        def types():
            # The conversation is the first one of the list.
            self.xdotool("mousemove", "150", "80", "click", "1", "type", "--delay", "5", " ")
            return any(event == "chatstate" and data["chat_state"] == "composing" for event, data in other.events)

        await until("typing in Dino", types)
        await asyncio.to_thread(self.xdotool, "type", "--delay", "5", "hello from Dino")
        await asyncio.to_thread(self.xdotool, "key", "Return")
        self.assertEqual((await other.text())["body"].strip(), "hello from Dino")
        picture = os.path.join(self.site.artefacts, "dino.png")
        await asyncio.to_thread(run, "import", "-display", self.display, "-window", "root", picture)
