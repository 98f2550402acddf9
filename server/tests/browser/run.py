"""home.php in headless Chromium with the real server: what users do in the browser, step by step.

Usage: run.py --fbchatd PROGRAM --fbchat PROGRAM --proxies DIRECTORY --artefacts DIRECTORY [unittest arguments]

The directory of proxies is a root directory into which Debian's nginx and Caddy were unpacked."""

import argparse
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../tests/python"))

from browser import Browser
from case import Case, Site

MODULES = ["test_people", "test_blocking", "test_chatting", "test_groups", "test_files", "test_everybody", "test_proxies"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("fbchatd", "fbchat", "proxies", "artefacts"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    options, rest = parser.parse_known_args()
    os.makedirs(options.artefacts, exist_ok=True)
    Case.options = options
    Case.server = Site(options.fbchatd, os.path.join(options.artefacts, "browser-server.log"))
    Case.server.start()
    try:
        Case.browsers = []
        for name in ("one", "other"):
            Case.browsers.append(Browser(name))
        names = [] if any(not word.startswith("-") for word in rest) else MODULES
        tests = unittest.main(module=None, argv=[sys.argv[0], *rest, *names], exit=False)
    finally:
        for browser in Case.browsers or ():
            browser.discard()
        Case.server.discard()
    sys.exit(not tests.result.wasSuccessful())


if __name__ == "__main__":
    main()
