#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a text takes from one program on libpurple to another, and how fast a burst arrives: fbchatd with this plugin beside Prosody, as
Debian installs it, with libpurple's own XMPP plugin. Both protocols use the same program (texts.c), one process for each end, and take turns."""

import argparse
import contextlib
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/python"))
from fbchat_testkit import Deployment, Lines, free_port, run, until

# What: texts, milliseconds between them.
SCENES = {"text to text": (500, 10), "a burst of 2000": (2000, 0)}
LIMIT = 120


class Fbchat:
    name = "fbchat"
    protocol = "prpl-fbchat"

    def __init__(self, options, directory, log):
        self.plugin = str(pathlib.Path(options.plugin).resolve())
        self.deployment = Deployment(options.fbchatd, log, "messages_per_s = 0\n")
        uids = [self.deployment.account(f"{name}@example.org", name, "secret") for name in ("alice", "bob")]
        self.deployment.befriend("alice@example.org", "bob@example.org")
        url = self.deployment.start().url
        self.users, self.names = ("alice@example.org", "bob@example.org"), [str(uid) for uid in uids]
        self.settings = (f"server={url}", "allow_insecure=true")

    def stop(self):
        self.deployment.discard()


class Prosody:
    name = "XMPP, Prosody"
    protocol = "prpl-jabber"
    plugin = "-"

    def __init__(self, options, directory, log):
        port = free_port()
        config = directory / "prosody.cfg.lua"
        config.write_text(f"""
            pidfile = "{directory}/prosody.pid"
            data_path = "{directory}"
            log = {{ warn = "{log}" }}
            run_as_root = true
            c2s_ports = {{ {port} }}
            interfaces = {{ "127.0.0.1" }}
            modules_enabled = {{ "roster", "saslauth", "disco", "ping", "posix" }}
            modules_disabled = {{ "s2s", "tls" }}
            allow_unencrypted_plain_auth = true
            c2s_require_encryption = false
            limits = {{ }}
            authentication = "internal_plain"
            VirtualHost "localhost"
            """, encoding="utf-8")
        self.server = Lines(["prosody", "--config", str(config), "-F"], log)
        for user in ("alice", "bob"):
            run("prosodyctl", "--config", str(config), "register", user, "localhost", "secret")
        until("Prosody listens", lambda: accepts(port))
        self.users, self.names = ("alice@localhost/1", "bob@localhost/1"), ["alice@localhost", "bob@localhost"]
        self.settings = ("connect_server=127.0.0.1", f"port={port}", "connection_security=opportunistic_tls", "auth_plain_in_clear=true")

    def stop(self):
        self.server.stop()


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def measure(options, service, count, pause):
    """Median delay in microseconds, and texts per second."""
    with contextlib.ExitStack() as stack:
        ends = []
        for own, other, role in ((1, 0, "receive"), (0, 1, "send")):
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="fbchat-bench-"))
            command = [options.texts, service.plugin, directory, service.protocol, service.users[own], "secret", service.names[other], role,
                       str(count), str(pause), *service.settings]
            end = Lines(command, options.log, stdin=subprocess.PIPE)
            stack.callback(end.stop)
            end.wait_for(lambda line: line == "connected", f"{service.name} to connect")
            ends.append(end)
        receiver, sender = ends
        sender.process.stdin.write(b"go\n")
        sender.process.stdin.flush()
        figures = receiver.wait_for(lambda line: True, f"{count} texts", limit=LIMIT)
        return [float(figure) for figure in figures.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", required=True, help="the program of texts.c")
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--fbchatd", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="fbchat-bench-"))
    options.log = str(directory / "log")
    services = []
    try:
        for kind in (Fbchat, Prosody):
            services.append(kind(options, directory, options.log))
        for title, (count, pause) in SCENES.items():
            rounds = [[measure(options, service, count, pause) for service in services] for _ in range(options.rounds)]
            place = 0 if pause else 1
            ours, theirs = (statistics.median(each[service][place] for each in rounds) for service in range(2))
            unit = "us, p50" if pause else "texts/s"
            print(f"{title}: {ours:.0f} {unit}, XMPP with Prosody {theirs:.0f}; {ours / theirs:.2f} x (median of {options.rounds})")
    finally:
        for service in services:
            service.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
