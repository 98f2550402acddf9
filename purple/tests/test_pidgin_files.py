# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures in a conversation of Pidgin: one that is received, one that is inserted, and a file."""

import contextlib
import os
import pathlib
import re

from case import BOB
from fbchat_testkit import run, until
from headless import RECV, plain
from pidgin import PidginCase, pidgin


class Files(PidginCase):
    def draw(self, name, *drawing):
        path = os.path.join(self.directory, name)
        run("convert", "-size", "640x420", *drawing, path)
        return path

    def points(self, title, colour):
        """The number of pixels of a window with this colour."""
        path = os.path.join(self.directory, "window.ppm")
        run("import", "-window", self.windows()[title], "-depth", "8", path)
        return pathlib.Path(path).read_bytes().count(bytes.fromhex(colour))

    def insert(self, path):
        """Inserts a picture into the text that is being written."""
        # The last entry but one.
        self.press("alt+c", "Up", "Up", "Return")
        self.focus("Insert Image")
        # The first slash opens the field for a path, which loses keys that are typed before it is open.
        self.write("/")
        while "Insert Image" in self.windows():
            self.press("ctrl+a")
            self.write(path)
            # One for the dialog, and one more in case it complains about the path.
            self.press("Return", "Return")
            with contextlib.suppress(AssertionError):
                until("the dialog to be closed", lambda: "Insert Image" not in self.windows(), 3)

    def test_pictures_and_files(self):
        bob, alice, account = self.alice_and_bob()
        bob_uid = pidgin("PurpleBuddyGetName", until("Bob on the list", lambda: self.buddy(account, "Bob Example")))

        bob.do("send", BOB, alice, text="Look where we are:")
        sea = self.draw("lake.png", "gradient:#8ec5ff-#ffe9c9", "-fill", "#2f6f9f", "-draw", "rectangle 0,270 640,420", "-fill", "#ffcc33",
                        "-draw", "circle 480,150 480,95", "-fill", "#35523f", "-draw", "polygon 0,270 130,150 260,225 380,180 470,270")
        bob.do("file", BOB, alice, text=sea)
        self.focus("Bob Example")
        [conversation] = until("a conversation", lambda: pidgin("PurpleGetIms"))
        # The line, and the picture itself in its colours.
        until("line and picture", lambda: len(self.texts(conversation)) == 3)
        self.assertRegex(self.texts(conversation)[1], r"^lake\.png \([\d.]+ KiB\) http://\S+/lake\.png\?key=[0-9a-f-]+$")
        until("the picture", lambda: self.points("Bob Example", "2f6f9f") > 3000)

        # A picture among text.
        run("xdotool", "windowsize", "--sync", self.windows()["Bob Example"], "560", "600")
        self.focus("Bob Example")
        self.write("Lovely! And here is")
        self.insert(self.draw("moon.png", "xc:#10182c", "-resize", "160x100!", "-fill", "#f4efd8", "-draw", "circle 80,50 80,20"))
        self.focus("Bob Example")
        self.write("the moon")
        self.press("Return")
        got = [plain(bob.message(BOB, alice, RECV)["markup"]) for _ in range(3)]
        self.assertEqual((got[0], got[2]), ("Lovely! And here is", "the moon"))
        self.assertRegex(got[1], r"^moon\.png \([\d.]+ (KiB|bytes)\) http://\S+/moon\.png\?key=[0-9a-f-]+$")
        until("nothing but list and conversation", lambda: set(self.windows()) == {"Buddy List", "Bob Example"})
        self.screenshot("pidgin-picture.png")

        # A file, as when one is dropped: its line follows once libpurple's window shows that it is complete.
        notes = os.path.join(self.directory, "notes.txt")
        pathlib.Path(notes).write_text("Bring bread.\n", encoding="utf-8")
        pidgin("ServSendFile", pidgin("PurpleAccountGetConnection", account), bob_uid, notes)
        self.assertRegex(plain(bob.message(BOB, alice, RECV)["markup"]), r"^notes\.txt \(13 bytes\) http://\S+/notes\.txt\?key=[0-9a-f-]+$")
        until("the line", lambda: any(text.startswith("notes.txt (13 bytes) http") for text in self.texts(conversation)))
        self.assertTrue(pidgin("PurpleAccountIsConnected", account))

    def texts(self, conversation):
        """The texts in a conversation without pictures, newest first."""
        markup = [pidgin("PurpleConversationMessageGetMessage", message)
                  for message in pidgin("PurpleConversationGetMessageHistory", conversation)]
        return [re.sub("<[^>]*>", "", text) for text in markup]
