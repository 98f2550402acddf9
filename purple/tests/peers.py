# SPDX-License-Identifier: GPL-2.0-or-later
"""The processes that the tests talk to: fbchatd, and the headless host. Waits are for conditions and have a limit."""

import html
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time

# Profiles and data live shortly. libpurple and the server wait for the disk at every save, and a busy one may take seconds.
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"

OPTIONS = None  # what parse_options() has read

LIMIT = 60.0  # seconds; generous, since the machine may be busy compiling

# What libpurple calls things, from its headers.
SEND, RECV, ERROR, DELAYED, REMOTE_SEND = 0x1, 0x2, 0x200, 0x400, 0x10000
NETWORK_ERROR, AUTHENTICATION_FAILED, INVALID_SETTINGS = 0, 2, 7


def plain(markup):
    """What a person reads where libpurple shows this markup. Fails on tags that an exact text cannot have caused."""
    text = re.sub(r"<br/?>", "\n", markup, flags=re.IGNORECASE)
    if "<" in text or ">" in text:
        raise AssertionError(f"unexpected markup: {markup!r}")
    # Control characters come as numbers, too, which Python takes for mistakes and leaves out.
    return html.unescape(re.sub("&#x([0-9a-f]+);", lambda found: chr(int(found[1], 16)), text))


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, **kwargs)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def eventually(what, check, limit=LIMIT):
    """The first true answer of a check that is repeated for a limited time."""
    deadline = time.monotonic() + limit
    error = None
    while time.monotonic() < deadline:
        try:
            answer = check()
            if answer:
                return answer
        except AssertionError as problem:
            error = problem
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {limit:.0f} s. {error or ''}")


def host_environment(home, **more):
    """What a host of libpurple runs in: a home of its own, and no media plugins.

    libpurple starts GStreamer, which looks through all of its plugins when the home is new: seconds on a busy disk."""
    nothing = os.path.join(home, "no-media-plugins")
    return dict(os.environ, HOME=home, LC_ALL="C.UTF-8", GST_PLUGIN_SYSTEM_PATH_1_0=nothing, GST_PLUGIN_PATH_1_0=nothing, **more)


class Lines:
    """A process whose output is read by a thread, so that waiting for a line can have a limit."""

    def __init__(self, command, log, output=None, **kwargs):
        """The output is the process's standard output, unless it speaks through something else."""
        self.arrived = threading.Condition()
        self.items = []
        self.ended = False
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(command, stdout=None if output else subprocess.PIPE, stderr=errors, **kwargs)
        self.output = output or self.process.stdout
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with open(self.log, "ab") as log:
            for line in self.output:
                log.write(line)
                log.flush()
                with self.arrived:
                    self.items.append(self.parse(line.decode("utf-8")))
                    self.arrived.notify_all()
        with self.arrived:
            self.ended = True
            self.arrived.notify_all()

    def parse(self, line):
        return line.rstrip("\n")

    def wait_for(self, test, what, limit=LIMIT):
        """The first item that passes the test, which is then used up."""
        deadline = time.monotonic() + limit
        with self.arrived:
            while True:
                for index, item in enumerate(self.items):
                    if test(item):
                        return self.items.pop(index)
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    why = "the process ended" if self.ended else f"nothing within {limit:.0f} s, {self.state()}"
                    raise AssertionError(f"waited for {what}: {why}. Log: {self.log}. Unread: {self.items[-12:]}")
                self.arrived.wait(left)

    def state(self):
        """What the process is doing, for the report of a wait that was in vain."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
                fields = stat.read().rpartition(")")[2].split()
            with open(f"/proc/{self.process.pid}/wchan", encoding="utf-8") as wchan:
                return f"state {fields[0]} in {wchan.read()}, {int(fields[11]) + int(fields[12])} ticks used"
        except OSError as error:
            return str(error)

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(LIMIT)
        self.output.close()


class Server(Lines):
    """fbchatd on a port of its own choice, unless one is given."""

    def __init__(self, command, log):
        super().__init__(command, log)
        line = self.wait_for(lambda text: "listening on http://" in text, "fbchatd to listen")
        self.url = line[line.index("http://"):].split()[0]

    @classmethod
    def demo(cls, fbchatd, log):
        return cls([fbchatd, "demo", "--listen", "127.0.0.1:0"], log)

    @classmethod
    def serve(cls, fbchatd, data, config, log, listen="127.0.0.1:0"):
        return cls([fbchatd, "serve", "--data", data, "--config", config, "--listen", listen], log)

    @property
    def address(self):
        return self.url.removeprefix("http://").rstrip("/")


class Host(Lines):
    """One headless libpurple process. Its directory outlives it, as ~/.purple outlives Pidgin."""

    def __init__(self, name, directory=None, plugin=None, under="", **variables):
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="fbchat-purple-")
        # No session bus, which libpurple would start if there were a display to find one by.
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
        """What has arrived and was not used up."""
        with self.arrived:
            return [item for item in self.items
                    if item["event"] == event and all(item.get(k) == str(v) for k, v in fields.items())]

    def do(self, command, *words, text=None):
        """Runs one command and waits until the host has done it."""
        line = " ".join([command, *map(str, words)])
        if text is not None:
            line += " " + text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace('"', '\\"')
        self.process.stdin.write(line.encode("utf-8") + b"\n")
        self.process.stdin.flush()
        done = self.wait_for(lambda item: item["event"] in ("done", "refused") and item["command"] == command, command)
        if done["event"] == "refused":
            raise AssertionError(f"the host does not know how to {line}")

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
        """Ends as a user does and returns how long that took, in seconds."""
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
    """The arguments that all test programs take go to OPTIONS; returns what is left over."""
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
