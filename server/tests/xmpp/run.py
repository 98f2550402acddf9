"""The XMPP service of the real server, with slixmpp, bare sockets and clients from Debian.

Usage: run.py --fbchatd PROGRAM --clients DIRECTORY --artefacts DIRECTORY [unittest arguments]

The directory of clients is a root directory into which Debian's BitlBee, converse.js and the libraries of node/package.json were
unpacked."""

import argparse
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
for directory in ("../../../tests/python", "../browser"):
    sys.path.append(os.path.join(HERE, directory))

from case import Case, Site

MODULES = ["test_login", "test_bad_input", "test_chatting", "test_people", "test_history", "test_resumption", "test_recovery", "test_pipelining",
           "test_rooms", "test_files", "test_standard", "test_nonsense", "test_profanity", "test_terminal_clients", "test_websocket", "test_one_step",
           "test_replays", "test_metrics", "test_accounts", "test_off", "test_bitlbee", "test_converse", "test_node", "test_dino", "test_sendxmpp"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("fbchatd", "clients", "artefacts"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    options, rest = parser.parse_known_args()
    unknown = {name[:-3] for name in os.listdir(HERE) if name.startswith("test_")} ^ set(MODULES)
    if unknown:
        parser.error(f"MODULES and the files differ: {', '.join(sorted(unknown))}")
    os.makedirs(options.artefacts, exist_ok=True)
    Case.site = Site(options.fbchatd, options.artefacts, options.clients)
    Case.site.start()
    try:
        names = [] if any(not word.startswith("-") for word in rest) else MODULES
        tests = unittest.main(module=None, argv=[sys.argv[0], *rest, *names], exit=False)
    finally:
        Case.site.discard()
    sys.exit(not tests.result.wasSuccessful())


if __name__ == "__main__":
    main()
