# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scenarios, each in a process of its own and several at a time, since they mostly wait.

    run.py --plugin … --headless … --fbchatd … --artefacts … [--loop glib|poll] [--jobs 4] test_messages test_outage.Outage …"""

import argparse
import concurrent.futures
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/python"))

import headless

# Longer than any scenario takes. Its own waits have limits, too; this one is for a bug in the tests.
LIMIT = 600


def tests_of(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from tests_of(part)
        else:
            yield part.id()


def run_alone(test):
    """One test in a process of its own, with the arguments of this one."""
    began = time.monotonic()
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    done = subprocess.run([sys.executable, "-B", __file__, *options, "--alone", test], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False)
    return done.returncode == 0, time.monotonic() - began, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--alone", action="store_true", help="run what is named in this process")
    names = headless.parse_options(parser)
    # Programs that are started from here must get Ctrl-C, even if this one was started in the background with it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    if headless.OPTIONS.alone:
        result = unittest.TextTestRunner(verbosity=0).run(suite)
        return 0 if result.wasSuccessful() and result.testsRun > 0 else 1

    tests = list(tests_of(suite))
    failed = []
    with concurrent.futures.ThreadPoolExecutor(headless.OPTIONS.jobs) as pool:
        jobs = {pool.submit(run_alone, test): test for test in tests}
        for job in concurrent.futures.as_completed(jobs):
            passed, took, output = job.result()
            print(f"{'ok    ' if passed else 'FAILED'} {took:5.1f} s  {jobs[job]}", flush=True)
            notes = [line for line in output.splitlines() if line.startswith("note: ")]
            print(*(notes if passed else [output]), sep="\n", end="\n" if notes or not passed else "", flush=True)
            if not passed:
                failed.append(jobs[job])
    print(f"{os.path.basename(headless.OPTIONS.artefacts)}: {len(tests) - len(failed)} of {len(tests)} passed")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
