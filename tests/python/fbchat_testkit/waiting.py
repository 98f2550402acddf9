# SPDX-License-Identifier: MIT OR Apache-2.0
"""Waiting for conditions, always with a limit."""

import time

LIMIT = 60.0  # seconds; generous, since the machine may be busy compiling


def until(what, check, limit=LIMIT, retry_on=(AssertionError,)):
    """The first true result of a check that is repeated for a limited time, also after the exceptions in `retry_on`."""
    deadline = time.monotonic() + limit
    last = None
    while True:
        try:
            last = check()
            if last:
                return last
        except retry_on as problem:
            last = problem
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit:.0f} s; last: {last!r}")
        time.sleep(0.05)
