# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures in a conversation of Pidgin: one that comes, one that is inserted, and a file from the menu."""

import collections
import os
import re

from case import ALICE, BOB
from fbchat_testkit import run, until
from headless import RECV, plain
from pidgin import PidginCase, pidgin


class Files(PidginCase):
    def draw(self, name, *drawing):
        path = os.path.join(self.directory, name)
        run("convert", "-size", "640x420", *drawing, path)
        return path

    def colours(self, title):
        """How many pixels of a window have each colour."""
        return collections.Counter(re.findall(r"#[0-9A-F]{6}", self.drawn(title)))

    def choose(self, menu, title, path):
        """Chooses a file in the dialog that an entry of the menu opens."""
        self.press("alt+c", *menu)
        self.focus(title)
        # The slash opens the field for a path.
        self.write(path)
        self.press("Return")

    def test_pictures_and_files(self):
        server, bob = self.demo(), self.host("bob")
        self.sign_on(bob, BOB, server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        self.start_demo(server.url)
        account = self.signed_on(ALICE)
        self.wait_online(bob, BOB, alice)
        bob_uid = pidgin("PurpleBuddyGetName", until("Bob on the list", lambda: self.buddy(account, "Bob Example")))

        bob.do("send", BOB, alice, text="Look where we are:")
        sea = self.draw("lake.png", "gradient:#8ec5ff-#ffe9c9", "-fill", "#2f6f9f", "-draw", "rectangle 0,270 640,420", "-fill", "#ffcc33",
                        "-draw", "circle 480,150 480,95", "-fill", "#35523f", "-draw", "polygon 0,270 130,150 260,225 380,180 470,270")
        bob.do("file", BOB, alice, text=sea)
        self.focus("Bob Example")
        [conversation] = until("a conversation", lambda: pidgin("PurpleGetIms"))
        # The picture itself, in its colours.
        until("the picture", lambda: self.colours("Bob Example")["#2F6F9F"] > 3000)
        self.assertRegex(self.texts(conversation)[1], r"^lake\.png \([\d.]+ KiB\) http://\S+/lake\.png$")

        # A picture among text.
        self.write("Lovely")
        self.choose(("Up", "Up", "Return"), "Insert Image", self.draw("cat.png", "xc:#fff4e0", "-fill", "#b5651d", "-draw", "circle 320,230 320,90"))
        self.focus("Bob Example")
        self.write("and here")
        self.press("Return")
        got = [plain(bob.message(BOB, alice, RECV)["markup"]) for _ in range(3)]
        self.assertEqual((got[0], got[2]), ("Lovely", "and here"))
        self.assertRegex(got[1], r"^cat\.png \([\d.]+ KiB\) http://\S+/cat\.png$")
        self.screenshot("pidgin-picture.png")

        # A file from the menu: libpurple's window shows it, and its line follows.
        notes = os.path.join(self.directory, "notes.txt")
        with open(notes, "w", encoding="utf-8") as file:
            file.write("Bring bread.\n")
        self.choose(("n",), "Open File...", notes)
        self.assertRegex(plain(bob.message(BOB, alice, RECV)["markup"]), r"^notes\.txt \(13 bytes\) http://\S+/notes\.txt$")
        until("the line", lambda: any(text.startswith("notes.txt (13 bytes) http") for text in self.texts(conversation)))
        self.assertEqual(pidgin("PurpleConversationGetName", conversation), bob_uid)
        self.assertTrue(pidgin("PurpleAccountIsConnected", account))

    def texts(self, conversation):
        """The texts in a conversation without pictures, newest first."""
        markup = [pidgin("PurpleConversationMessageGetMessage", message)
                  for message in pidgin("PurpleConversationGetMessageHistory", conversation)]
        return [re.sub("<[^>]*>", "", text) for text in markup]
