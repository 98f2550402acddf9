# SPDX-License-Identifier: MIT OR Apache-2.0
"""Programs that run beside a test."""

import signal
import subprocess
import threading
import time

from .waiting import LIMIT


def run(*command, **kwargs):
    """The output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, **kwargs)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


class Lines:
    """A process whose output is read by a thread, so that waiting for a line can have a limit."""

    def __init__(self, command, log, output=None, **kwargs):
        """Reads standard output, or the file `output` if the process writes its lines elsewhere."""
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
        """Removes and returns the first item that passes the test."""
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
        """What the process is doing, for the message of a failed wait."""
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
