# SPDX-License-Identifier: GPL-2.0-or-later
"""The headless host of libpurple, and what all tests of the plugin need to know of libpurple."""

import html
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile

from fbchat_testkit import LIMIT, Lines

# Profiles and data are temporary. libpurple and the server wait for the disk at every save, which may take seconds on a busy one.
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"

OPTIONS = None  # set by parse_options()

# Constants from the headers of libpurple.
SEND, RECV, SYSTEM, NO_LOG, ERROR, DELAYED, REMOTE_SEND = 0x1, 0x2, 0x4, 0x40, 0x200, 0x400, 0x10000
NETWORK_ERROR, AUTHENTICATION_FAILED, INVALID_SETTINGS = 0, 2, 7


def plain(markup):
    """The text that a user sees for this markup of libpurple. Fails on tags that no text can have caused."""
    text = re.sub(r"<br/?>", "\n", markup, flags=re.IGNORECASE)
    if "<" in text or ">" in text:
        raise AssertionError(f"unexpected markup: {markup!r}")
    # Control characters are escaped as numbers, too, which Python treats as errors and drops.
    return html.unescape(re.sub("&#x([0-9a-f]+);", lambda found: chr(int(found[1], 16)), text))


def host_environment(home, **more):
    """The environment of a host of libpurple: a home of its own, and no media plugins.

    libpurple starts GStreamer, which scans all of its plugins when the home is new: seconds on a busy disk."""
    nothing = os.path.join(home, "no-media-plugins")
    return dict(os.environ, HOME=home, LC_ALL="C.UTF-8", GST_PLUGIN_SYSTEM_PATH_1_0=nothing, GST_PLUGIN_PATH_1_0=nothing, **more)


class Host(Lines):
    """One headless libpurple process. Its directory stays after its end, as ~/.purple does after that of Pidgin."""

    def __init__(self, name, directory=None, plugin=None, under="", **variables):
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="fbchat-purple-")
        # No session bus: libpurple would start one if there were a display.
        environment = host_environment(self.directory, DBUS_SESSION_BUS_ADDRESS="disabled:")
        for variable in ("DISPLAY", "HTTP_PROXY", "http_proxy", "HTTPPROXY"):
            environment.pop(variable, None)
        environment.update(variables)
        log = os.path.join(OPTIONS.artefacts, f"headless-{name}.log")
        command = [*shlex.split(under), OPTIONS.headless, OPTIONS.loop, plugin or OPTIONS.plugin, self.directory]
        super().__init__(command, log, stdin=subprocess.PIPE, env=environment)
        self.wait("ready")

    def parse(self, line):
        return json.loads(line)

    def wait(self, event, limit=LIMIT, **fields):
        def fits(item):
            return item["event"] == event and all(item.get(key) == str(value) for key, value in fields.items())

        return self.wait_for(fits, f"{event} {fields}", limit)

    def have(self, event, **fields):
        """The items of this kind that have arrived and were not removed by a wait."""
        with self.arrived:
            return [item for item in self.items
                    if item["event"] == event and all(item.get(k) == str(v) for k, v in fields.items())]

    def do(self, command, *words, text=None):
        """Runs one command and waits until the host has completed it."""
        line = " ".join([command, *map(str, words)])
        if text is not None:
            line += " " + text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace('"', '\\"')
        self.process.stdin.write(line.encode("utf-8") + b"\n")
        self.process.stdin.flush()
        done = self.wait_for(lambda item: item["event"] in ("done", "refused") and item["command"] == command, command)
        if done["event"] == "refused":
            raise AssertionError(f"the host refused the command {line}")

    def message(self, account, buddy, flags, limit=LIMIT):
        """The next line with these flags in the conversation with a buddy."""
        return self.wait_for(lambda item: item["event"] == "message" and item["account"] == account
                             and item["with"] == str(buddy) and int(item["flags"]) & flags == flags,
                             f"a message with flags {flags:#x} from {buddy}", limit)

    def buddies(self, account):
        self.do("buddies", account)
        found = {}
        for item in self.have("buddy", account=account):
            found[item["who"]] = item
        with self.arrived:
            self.items = [item for item in self.items if item["event"] != "buddy"]
        return found

    def quit(self):
        """Quits as a user does; returns how many seconds that took."""
        if self.process.poll() is None:
            self.process.stdin.write(b"quit\n")
            self.process.stdin.flush()
            self.process.stdin.close()
            took = int(self.wait("quit")["microseconds"]) / 1e6
            self.process.wait(LIMIT)
            self.stop()
            if self.process.returncode != 0:
                raise AssertionError(f"the host ended with {self.process.returncode}, see {self.log}")
            return took
        return None

    def discard(self):
        if not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        self.stop()
        if self.own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)


def parse_options(parser):
    """Reads the arguments of all test programs into OPTIONS; returns the other arguments."""
    global OPTIONS
    for name in ("plugin", "plugin-shared", "search-path", "headless", "fbchatd", "artefacts"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    parser.add_argument("--loop", default="glib", help="the main loop of the headless host: glib or poll")
    parser.add_argument("--under", default="", help="a command to run the first headless host of a scenario with, such as valgrind")
    OPTIONS, rest = parser.parse_known_args()
    for name in ("plugin", "headless", "fbchatd"):
        if not os.access(getattr(OPTIONS, name), os.R_OK):
            raise SystemExit(f"{getattr(OPTIONS, name)} is missing: build it first")
    os.makedirs(OPTIONS.artefacts, exist_ok=True)
    return rest
