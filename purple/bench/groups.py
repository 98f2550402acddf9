#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long the plugin holds the main loop of a program with many groups on its buddy list: at the first login, when all groups are new, and at the
next one, when all have been renamed meanwhile. The goal is one frame of a screen, 16 ms. The program has two accounts, since the library takes at
most 500 groups of each. The server would not let anybody join so many, so they are written into its database."""

import argparse
import contextlib
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "tests/python"), str(pathlib.Path(__file__).resolve().parents[1] / "tests")]
import headless
from fbchat_testkit import Deployment, until

ACCOUNTS = ("alice@example.org", "bob@example.org")
MEMBERS = 10
GOAL_MS = 16
LIMIT = 300
# The first of the numbers that the server gives to groups.
FIRST = 1_000_000_000


def chats(host, name):
    """How many groups with such a name the list has."""
    for account in ACCOUNTS:
        host.do("chats", account)
    with host.arrived:
        found = sum(item["event"] == "chat" and item["alias"].startswith(name) for item in host.items)
        host.items = [item for item in host.items if item["event"] != "chat"]
    return found


class Groups:
    """A server on which each of the accounts is in as many groups."""

    def __init__(self, fbchatd, log, count):
        self.deployment = Deployment(fbchatd, log)
        own = [self.deployment.account(account, account, "demo") for account in ACCOUNTS]
        with self.database() as database:
            people = [(200_000 + i, f"member{i}@example.org", f"Member {i}") for i in range(1, MEMBERS)]
            database.executemany("INSERT INTO users(uid, email, name, password) VALUES (?, ?, ?, '!')", people)
            database.executemany("INSERT INTO chat_groups(gid, name, creator, create_id, create_hash) VALUES (?, ?, ?, ?, 0)",
                                 ((FIRST + i, f"Group {i}", people[0][0], str(i)) for i in range(count)))
            database.executemany("INSERT INTO group_members(gid, uid, first_message, read_message) VALUES (?, ?, 0, 0)",
                                 ((FIRST + i, uid) for i in range(count) for uid in (*(person[0] for person in people), own[i % len(own)])))

    @contextlib.contextmanager
    def database(self):
        with contextlib.closing(sqlite3.connect(f"{self.deployment.data}/fbchatd.db")) as database, database:
            yield database


def held(host):
    """Milliseconds of the longest call of the plugin since the last time."""
    host.do("held")
    return int(host.wait("held")["microseconds"]) / 1000


def until_known(host, count, name):
    """Waits until the list has so many groups with such a name; returns the longest call of the plugin until then."""
    longest = []

    def all_there():
        longest.append(held(host))
        return chats(host, name) == count

    until(f"{count} groups named {name}", all_there, LIMIT)
    return max(*longest, held(host))


def report(what, milliseconds, began):
    print(f"  {what:32} {milliseconds:6.1f} ms (goal {GOAL_MS}), after {time.monotonic() - began:.1f} s all was there")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("plugin", "headless", "fbchatd"):
        parser.add_argument(f"--{name}", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--groups", type=int, default=1000)
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="fbchat-bench-")
    headless.OPTIONS = argparse.Namespace(**vars(options), artefacts=directory, loop="glib")
    groups = Groups(options.fbchatd, f"{directory}/server.log", options.groups)
    host = None
    try:
        url = groups.deployment.start().url
        print(f"{options.groups} groups of {MEMBERS} on a buddy list: the longest call of the plugin from the main loop")
        host = headless.Host("groups")
        host.do("quiet")
        began = time.monotonic()
        for account in ACCOUNTS:
            host.do("account", account, "demo", url)
        report("logins, all groups are new", until_known(host, options.groups, "Group"), began)
        for account in ACCOUNTS:
            host.do("disconnect", account)
        with groups.database() as database:
            database.execute("UPDATE chat_groups SET name = 'Renamed ' || gid")
        held(host)
        began = time.monotonic()
        for account in ACCOUNTS:
            host.do("connect", account)
        report("logins, all groups are renamed", until_known(host, options.groups, "Renamed"), began)
    finally:
        if host:
            host.discard()
        groups.deployment.discard()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
