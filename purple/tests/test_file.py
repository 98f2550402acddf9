# SPDX-License-Identifier: GPL-2.0-or-later
"""What other plugins and the host's loader see of the plugin's file, and the oldest libpurple that loads it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import headless
from case import ALICE, BOB, NASTY, Case
from fbchat_testkit import LIMIT, Lines, run

# In the headers of libpurple, a function without a version is older than 2.1.
OLDEST = 6

# A libpurple of another version: it has the functions of that version, and checks a plugin as libpurple does.
STUB = """
#include <plugin.h>

gboolean purple_plugin_register(PurplePlugin *plugin)
{
	return plugin->info->magic == PURPLE_PLUGIN_MAGIC && plugin->info->major_version == 2 &&
	       plugin->info->minor_version <= STUB_MINOR;
}
"""

# Loads it as libpurple, then the plugin, whose symbols must all be resolved at once.
LOADER = """
import ctypes, sys
ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
plugin = ctypes.CDLL(sys.argv[2])
sys.exit(0 if plugin.purple_init_plugin(ctypes.create_string_buffer(1024)) else 3)
"""


def functions_of_libpurple():
    """All functions of libpurple's headers, each with the minor version that introduced it."""
    include = run("pkg-config", "--cflags-only-I", "purple")
    headers = [word[2:] for word in include.split() if word.endswith("libpurple")][0]
    since = {}
    for header in pathlib.Path(headers).glob("*.h"):
        for part in header.read_text(encoding="utf-8").split("/**")[1:]:
            comment, _, declarations = part.partition("*/")
            mark = re.search(r"@since 2\.(\d+)", comment)
            for name in re.findall(r"(\w+)\s*\(", declarations):
                since[name] = max(since.get(name, 0), int(mark.group(1)) if mark else 0)
    return since


class PluginFile(unittest.TestCase):
    def read(self, *command):
        return run(*command, headless.OPTIONS.plugin)

    def test_exports_only_its_entry_point(self):
        for plugin in (headless.OPTIONS.plugin, headless.OPTIONS.plugin_shared):
            names = [line.split()[-1] for line in run("nm", "-D", "--defined-only", plugin).splitlines()]
            self.assertEqual(names, ["purple_init_plugin"])

    def test_stays_in_memory_and_needs_nothing_unusual(self):
        for plugin, more in ((headless.OPTIONS.plugin, set()), (headless.OPTIONS.plugin_shared, {"libfbchat"})):
            dynamic = run("readelf", "-dW", plugin)
            self.assertIn("NODELETE", dynamic)
            needed = set(re.findall(r"Shared library: \[(\w+)", dynamic))
            self.assertLessEqual(needed, {"libpurple", "libglib", "libgcc_s", "libc", "libm", "ld"} | more)
            self.assertLessEqual(more, needed)

    def test_uses_no_libpurple_newer_than_it_claims(self):
        since = functions_of_libpurple()
        used = re.findall(r"U (purple_\w+|serv_\w+)", self.read("nm", "-D", "--undefined-only"))
        self.assertEqual([name for name in used if name not in since], [])
        self.assertEqual(max(since[name] for name in used), OLDEST, "plugin.c claims another version")

    def load_into(self, minor):
        """Lets a libpurple of this version load the plugin."""
        names = [name for name, since in functions_of_libpurple().items()
                 if since <= minor and re.match("(purple|serv)_", name) and name != "purple_plugin_register"]
        with tempfile.TemporaryDirectory() as directory:
            register, rest = os.path.join(directory, "register.c"), os.path.join(directory, "rest.c")
            library = os.path.join(directory, "libpurple.so.0")
            pathlib.Path(register).write_text(STUB, encoding="utf-8")
            pathlib.Path(rest).write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in names), encoding="utf-8")
            run("cc", "-shared", "-fPIC", f"-DSTUB_MINOR={minor}", "-Wl,-soname,libpurple.so.0", "-o", library, register, rest,
                *run("pkg-config", "--cflags", "purple", "glib-2.0").split())
            return subprocess.run([sys.executable, "-c", LOADER, library, headless.OPTIONS.plugin], capture_output=True,
                                  text=True, timeout=LIMIT, check=False)

    def test_loads_into_the_oldest_libpurple_that_it_claims(self):
        loaded = self.load_into(OLDEST)
        self.assertEqual((loaded.returncode, loaded.stderr), (0, ""))

    def test_an_older_libpurple_lacks_a_function(self):
        self.assertIn("undefined symbol: purple_", self.load_into(OLDEST - 1).stderr)


class Shared(Case):
    """The plugin that looks for the shared library, beside itself or in the system."""

    def place(self):
        directory = tempfile.mkdtemp(prefix="fbchat-purple-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        os.mkdir(os.path.join(directory, "plugins"))
        return directory

    def test_chats(self):
        server, directory = self.demo(), self.place()
        library = os.path.join(os.path.dirname(headless.OPTIONS.plugin_shared), "libfbchat.so.0")
        os.symlink(library, os.path.join(directory, "plugins", "libfbchat.so.0"))
        alice, bob = self.host("alice", directory, plugin=headless.OPTIONS.plugin_shared), self.host("bob")
        self.sign_on(alice, ALICE, server.url)
        self.sign_on(bob, BOB, server.url)
        self.wait_online(alice, ALICE, self.uid(alice, ALICE, "Bob Example"))
        self.exchange(alice, ALICE, self.uid(alice, ALICE, "Bob Example"), bob, BOB, self.uid(bob, BOB, "Alice Example"), NASTY)

    def test_a_missing_library_is_named(self):
        host = Lines([headless.OPTIONS.headless, "glib", headless.OPTIONS.plugin_shared, self.place()], self.log("headless"),
                     env=headless.host_environment("/nonexistent", DBUS_SESSION_BUS_ADDRESS="disabled:"))
        self.addCleanup(host.stop)
        host.wait_for(lambda line: "no-plugin" in line, "a refusal")
        self.assertIn("is not loadable: libfbchat.so.0", pathlib.Path(host.log).read_text(encoding="utf-8"))
