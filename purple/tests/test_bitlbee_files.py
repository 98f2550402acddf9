# SPDX-License-Identifier: GPL-2.0-or-later
"""Files in BitlBee: lines with addresses, and one that an IRC client offers."""

import os
import pathlib
import socket
import tempfile

from case import BOB
from headless import RECV, plain
from test_bitlbee import InBitlBee

CONTENT = b"Bring bread.\n"


class Files(InBitlBee):
    def path(self, name):
        directory = tempfile.TemporaryDirectory(prefix="fbchat-bitlbee-files-")
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, name)
        pathlib.Path(path).write_bytes(CONTENT)
        return path

    def test_lines_and_dcc(self):
        _, irc, bob = self.with_bob()
        notes = self.path("notes & more.txt")
        bob.do("file", BOB, self.alice, text=notes)
        self.assertRegex(irc.said_by("BobExample", "alice"), r"^notes & more\.txt \(13 bytes\) http://\S+/files/\S+$")
        # A picture is a line too, between the others.
        bob.do("pictures", BOB, self.alice, text="look{" + os.path.join(os.path.dirname(__file__), "../icons/fbchat-48.png") + "}nice")
        said = [irc.said_by("BobExample", "alice") for _ in range(3)]
        self.assertRegex(said[1], r"^picture\.png \([\d.]+ (KiB|bytes)\) http://\S+/picture\.png\?key=[0-9a-f-]+$")
        self.assertEqual((said[0], said[2]), ("look", "nice"))
        # The address of a file with a long name fits into a line, and is not torn apart.
        bob.do("file", BOB, self.alice, text=self.path("家" * 60 + ".txt"))
        irc.heard(r"^:BobExample!.* PRIVMSG alice :(.* )?http://\S+/(%E5%AE%B6){6}\.txt\?key=[0-9a-f-]+$")
        bob.do("join", BOB, "-", text="Lunch")
        group = bob.wait("joined")["with"]
        bob.do("invite", BOB, group, text=self.alice)
        irc.heard("^:alice!.* JOIN :#Lunch")
        bob.do("file", BOB, group, text=notes)
        irc.heard(r"^:BobExample!.* PRIVMSG #Lunch :notes & more\.txt \(13 bytes\) http://\S+/files/\S+$")
        # What an IRC client offers with DCC, BitlBee fetches and passes on.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(30)
            port = listener.getsockname()[1]
            irc.say(f"PRIVMSG BobExample :\x01DCC SEND bread.txt {0x7f000001} {port} {len(CONTENT)}\x01")
            connection, _ = listener.accept()
            with connection:
                connection.sendall(CONTENT)
                self.assertRegex(plain(bob.message(BOB, self.alice, RECV)["markup"]), r"^bread\.txt \(13 bytes\) http://\S+/bread\.txt\?key=[0-9a-f-]+$")
        self.assertEqual(irc.unread("img|cancelled"), [])
