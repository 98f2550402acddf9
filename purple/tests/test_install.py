# SPDX-License-Identifier: GPL-2.0-or-later
"""Installation, the program that says whether it worked, and the translations."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

import headless
from case import ALICE, Case
from fbchat_testkit import LIMIT, run

HERE = pathlib.Path(__file__).resolve().parent.parent
LANGUAGES = ("de", "es", "fr", "nl")


class Install(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="fbchat-install-")
        self.addCleanup(shutil.rmtree, self.root)
        self.build = os.path.dirname(headless.OPTIONS.plugin)

    def make(self, *words):
        """Runs make as a packager does; returns the exit status and the output."""
        environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        command = ["make", "-C", str(HERE), f"BUILD={self.build}", f"DESTDIR={self.root}", "PREFIX=/usr", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment)
        return done.returncode, done.stdout + done.stderr

    def files(self):
        return sorted(str(path.relative_to(self.root)) for path in pathlib.Path(self.root).rglob("*") if path.is_file())

    def installed(self, name):
        found = [file for file in self.files() if file.endswith(name)]
        self.assertEqual(len(found), 1, name)
        return os.path.join(self.root, found[0])

    def check_refused(self, reason):
        status, said = self.make("check-install")
        self.assertNotEqual(status, 0)
        self.assertIn("Not OK", said)
        self.assertIn(reason, said)

    def test_comes_and_goes(self):
        self.assertEqual(self.make("install")[0], 0)
        status, said = self.make("check-install")
        self.assertEqual(status, 0, said)
        self.assertIn("OK: Facebook Chat (fbchat)", said)
        self.assertIn(self.installed("libfbchat-purple.so"), said)
        for size in (16, 22, 48):
            icon = self.installed(f"protocols/{size}/fbchat.png")
            self.assertEqual(run("identify", "-format", "%m %wx%h", icon), f"PNG {size}x{size}")
        # Read as XML: ImageMagick draws SVG only with a package that it merely recommends.
        drawing = ElementTree.parse(self.installed("scalable/fbchat.svg")).getroot()
        self.assertEqual(drawing.tag, "{http://www.w3.org/2000/svg}svg")
        run("appstreamcli", "validate", "--no-net", self.installed(".metainfo.xml"))
        for language in LANGUAGES:
            self.installed(f"{language}/LC_MESSAGES/purple-fbchat.mo")
        self.assertEqual(self.make("uninstall")[0], 0)
        self.assertEqual(self.files(), [])

    def test_file_that_is_no_plugin_is_refused_with_a_reason(self):
        self.make("install")
        pathlib.Path(self.installed("libfbchat-purple.so")).write_text("a page of some hotel's\n", encoding="utf-8")
        self.check_refused("not loadable")

    def test_plugin_that_is_nowhere_is_missed(self):
        self.make("install")
        os.unlink(self.installed("libfbchat-purple.so"))
        self.check_refused("in none of these directories")


class Translations(Case):
    def test_people_read_their_language(self):
        server = self.demo()
        locale = os.path.join(os.path.dirname(headless.OPTIONS.plugin), "purple", "locale")
        host = self.host("alice", LANGUAGE="de", HEADLESS_LOCALE_DIR=locale)
        self.sign_on(host, ALICE, server.url)
        self.assertEqual([step["text"] for step in host.have("progress")],
                         ["Anmeldung", "Die Chat-Seite wird geladen", "Der Kanal wird geöffnet", "Bereit zum Chatten"])

    def test_every_text_is_translated(self):
        sources = sorted(path.name for path in HERE.glob("*.c"))
        template = run("xgettext", "--from-code=UTF-8", "--keyword=_", "--no-location", "--omit-header", "--output=-",
                       "--directory", str(HERE), *sources)
        texts = {part for part in template.split("\n\n") if part.strip()}
        kept = (HERE / "po" / "purple-fbchat.pot").read_text(encoding="utf-8")
        self.assertEqual({part.strip() for part in texts} - {part.strip() for part in kept.split("\n\n")}, set(), "make po")
        for language in LANGUAGES:
            catalogue = str(HERE / "po" / f"{language}.po")
            self.assertEqual(run("msgattrib", "--untranslated", catalogue) + run("msgattrib", "--only-fuzzy", catalogue), "")
            count = [run("sh", "-c", f"msgcat --no-wrap '{file}' | grep -c '^msgid'") for file in
                     (catalogue, HERE / "po" / "purple-fbchat.pot")]
            self.assertEqual(count[0], count[1], f"{language}: make po")
