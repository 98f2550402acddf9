# SPDX-License-Identifier: MIT OR Apache-2.0
"""fbchatd: started, administered and stopped."""

import json
import os
import pathlib
import shutil
import signal
import tempfile

from .processes import Lines, run


class Server(Lines):
    """A running fbchatd, on a port of its own choice unless one is given."""

    def __init__(self, command, log):
        super().__init__(command, log)
        line = self.wait_for(lambda text: "listening on http://" in text, "fbchatd to listen")
        self.url = line[line.index("http://"):].split()[0]

    @classmethod
    def demo(cls, fbchatd, log):
        return cls([fbchatd, "demo", "--listen", "127.0.0.1:0"], log)

    @property
    def address(self):
        return self.url.removeprefix("http://").rstrip("/")


class Deployment:
    """A data directory with settings. Its server can be stopped, and comes back at the same address."""

    def __init__(self, fbchatd, log, settings="", trusted=("127.0.0.1", "::1")):
        """Tests come from one address, like a proxy, so that no limit per address applies to them."""
        self.fbchatd, self.log = fbchatd, log
        settings += f"trusted_proxies = {json.dumps(trusted)}\n"
        self.data = tempfile.mkdtemp(prefix="fbchat-data-")
        self.config = os.path.join(self.data, "fbchatd.toml")
        pathlib.Path(self.config).write_text(settings, encoding="utf-8")
        self.server = None

    def admin(self, *words, stdin=""):
        """The output of a command of fbchatd on this data."""
        return run(self.fbchatd, *words, "--data", self.data, input=stdin)

    def account(self, email, name, password):
        """Adds an account; returns its uid."""
        return int(self.admin("user", "add", email, "--name", name, stdin=password + "\n").split()[-1])

    def befriend(self, one, other):
        self.admin("friend", "add", one, other)

    def start(self):
        listen = self.server.address if self.server else "127.0.0.1:0"
        command = [self.fbchatd, "serve", "--data", self.data, "--config", self.config, "--listen", listen]
        self.server = Server(command, self.log)
        return self.server

    def stop(self, sig=signal.SIGTERM):
        self.server.stop(sig)

    def discard(self):
        if self.server:
            self.server.stop(signal.SIGKILL)
        shutil.rmtree(self.data, ignore_errors=True)
