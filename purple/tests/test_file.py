# SPDX-License-Identifier: GPL-2.0-or-later
"""What other plugins and the host's loader see of the plugin's file."""

import pathlib
import re
import subprocess
import unittest

import peers


class PluginFile(unittest.TestCase):
    def read(self, *command):
        return subprocess.run([*command, peers.OPTIONS.plugin], capture_output=True, text=True, timeout=peers.LIMIT, check=True).stdout

    def test_exports_its_entry_only(self):
        names = [line.split()[-1] for line in self.read("nm", "-D", "--defined-only").splitlines()]
        self.assertEqual(names, ["purple_init_plugin"])

    def test_stays_in_memory_and_needs_nothing_unusual(self):
        dynamic = self.read("readelf", "-dW")
        self.assertIn("NODELETE", dynamic)
        needed = re.findall(r"Shared library: \[(\w+)", dynamic)
        self.assertLessEqual(set(needed), {"libpurple", "libglib", "libgcc_s", "libc", "libm", "ld", "libfbchat"})

    def test_uses_no_libpurple_newer_than_it_claims(self):
        # In the headers of libpurple a function without a mark is older than 2.1.
        include = subprocess.run(["pkg-config", "--cflags-only-I", "purple"], capture_output=True, text=True, check=True)
        headers = [word[2:] for word in include.stdout.split() if word.endswith("libpurple")][0]
        since = {}
        for header in pathlib.Path(headers).glob("*.h"):
            for part in header.read_text(encoding="utf-8").split("/**")[1:]:
                comment, _, declarations = part.partition("*/")
                mark = re.search(r"@since 2\.(\d+)", comment)
                for name in re.findall(r"(\w+)\s*\(", declarations):
                    since[name] = max(since.get(name, 0), int(mark.group(1)) if mark else 0)
        used = re.findall(r"U (purple_\w+|serv_\w+)", self.read("nm", "-D", "--undefined-only"))
        self.assertEqual([name for name in used if name not in since], [])
        self.assertEqual(max(since[name] for name in used), 6, "plugin.c claims 2.6")
