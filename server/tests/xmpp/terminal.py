"""Programs in a terminal of tmux."""

import asyncio
import os
import shutil
import subprocess
import tempfile

from case import Case, until


class TerminalCase(Case):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="fbchat-terminal-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def tmux(self, *words):
        command = ["tmux", "-S", os.path.join(self.home, "tmux"), "-f", "/dev/null", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60).stdout

    @property
    def environment(self):
        places = {name: os.path.join(self.home, name) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
        return dict(os.environ, HOME=self.home, TERM="screen", LANG="C.UTF-8", **places)

    def settings(self, path, text):
        """A file below the home directory, which nobody else can read."""
        path = os.path.join(self.home, path)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
        return path

    async def start(self, *command):
        await asyncio.to_thread(self.tmux, "new-session", "-d", "-x", "160", "-y", "50", *command)
        self.addCleanup(self.tmux, "kill-server")

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    async def shown(self, text):
        await until(f"{text!r} on the screen", lambda: text in self.screen())
