# SPDX-License-Identifier: GPL-2.0-or-later
"""Files and pictures, both ways, between real hosts and on a real server."""

import glob
import html
import os
import pathlib
import re
import shutil
import signal
import struct
import tempfile

from case import ALICE, BOB, OnDisk
from fbchat_testkit import run, until
from headless import ERROR, NO_LOG, RECV, REMOTE_SEND, SEND, SYSTEM, plain
from test_hostile import Hostile


class Files(OnDisk):
    settings = "file_limit_mib = 1\n"
    # The names of the hosts: only Pidgin shows pictures.
    names = {"alice": "Pidgin", "bob": "Pidgin", "phone": "Finch", "carol": "Pidgin"}

    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp(prefix="fbchat-files-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def host(self, who, directory=None, **variables):
        return super().host(who, directory, HEADLESS_NAME=self.names.get(who, ""), **variables)

    def file(self, name, content=b"some notes\n"):
        path = os.path.join(self.directory, name)
        pathlib.Path(path).write_bytes(content)
        return path

    def picture(self, name, size="600x400"):
        path = os.path.join(self.directory, name)
        run("convert", "-size", size, "gradient:red-blue", path)
        return path

    def drop(self, host):
        with host.arrived:
            host.items = []

    def line(self, host, account, with_, flags=RECV):
        """The next line that is not a picture, with addresses replaced by the names of their files."""
        line = host.wait_for(lambda item: item["event"] == "message" and item["account"] == account and item["with"] == with_
                             and "<img" not in item["markup"] and int(item["flags"]) & flags == flags, "a line")
        return re.sub(r"\b(http://\S+/files/[0-9a-f]{32})/([^\s?]+)\?key=\S+", lambda found: f"URL:{found[2]}", plain(line["markup"]))

    def shown(self, host, account, with_, flags=RECV, text=""):
        """A picture below a line: what the host has of it. Nothing of it goes into the host's log."""
        host.wait_for(lambda item: item["event"] == "message" and item["account"] == account and item["with"] == with_
                      and f"{text}<img" in item["markup"] and int(item["flags"]) & (flags | NO_LOG) == flags | NO_LOG, "a picture in a line")
        picture = host.wait("picture")
        self.assertGreater(int(picture["size"]), 100)
        return picture["type"]

    def completed(self, host):
        """Waits until a transfer is complete; the numbers on the way only rise."""
        seen = [0]
        while True:
            step = host.wait("xfer")
            if step["state"] == "progress":
                seen.append(int(step["sent"]))
            if step["state"] == "gone":
                self.assertEqual(step["status"], "4", step)
                self.assertEqual((seen, seen[-1]), (sorted(seen), int(step["size"])))
                return step

    def test_everything_arrives_in_order(self):
        alice, bob = self.both()
        phone = self.host("phone")
        self.sign_on(phone, ALICE, self.server.url)
        # A file from the menu, with what libpurple reports about it. Texts do not wait for it.
        path = self.file("notes & more.txt")
        alice.do("focus", ALICE, self.bob)
        alice.do("file", ALICE, self.bob)
        alice.do("answer", alice.wait("request", kind="open")["id"], "0", text=path)
        self.assertEqual(self.completed(alice)["who"], self.bob)
        expected = "notes & more.txt (11 bytes) URL:"
        self.assertEqual(self.line(alice, ALICE, self.bob, SEND)[:len(expected)], expected)
        self.assertTrue(self.line(bob, BOB, self.alice).startswith(expected))
        # On another device of the sender it is shown as their own.
        self.assertTrue(self.line(phone, ALICE, self.bob, SEND | REMOTE_SEND).startswith(expected))
        # Pictures within text, and text after them.
        one, two = self.picture("one.png"), self.picture("two.jpg")
        alice.do("pictures", ALICE, self.bob, text=f"first<br>line {{{one}}} <b>second</b>{{={two}}}")
        alice.do("send", ALICE, self.bob, text="third")
        size = r"\(\d[.\d]* KiB\)"
        for host, account, with_, flags in ((bob, BOB, self.alice, RECV), (phone, ALICE, self.bob, SEND | REMOTE_SEND)):
            lines = [self.line(host, account, with_, flags) for _ in range(5)]
            for line, wanted in zip(lines, ("first\nline", rf"picture\.png {size} URL:picture\.png", "second",
                                            rf"two\.jpg {size} URL:two\.jpg", "third"), strict=True):
                self.assertRegex(line, f"^{wanted}$")
        self.assertEqual({self.shown(bob, BOB, self.alice), self.shown(bob, BOB, self.alice)}, {"png", "jpg"})
        self.assertEqual([item for item in phone.have("message") if "<img" in item["markup"]], [])
        # Sent as a file, a picture is shown to its sender, too.
        self.drop(alice)
        alice.do("file", ALICE, self.bob, text=two)
        self.completed(alice)
        self.assertEqual(self.shown(alice, ALICE, self.bob, SEND), "jpg")
        self.assertEqual(self.line(bob, BOB, self.alice)[:7], "two.jpg")
        self.assertEqual(self.shown(bob, BOB, self.alice), "jpg")
        # Earlier messages have their files.
        bob.do("close", BOB, self.alice)
        bob.do("slash", BOB, self.alice, text="history")
        self.assertEqual([self.line(bob, BOB, self.alice).split(" ")[0] for _ in range(6)],
                         ["notes", "first\nline", "picture.png", "second", "two.jpg", "third"])
        self.assertEqual(self.line(bob, BOB, self.alice)[:7], "two.jpg")
        self.assertEqual(sorted(self.shown(bob, BOB, self.alice) for _ in range(3)), ["jpg", "jpg", "png"])
        # Nothing of it was saved.
        for host in (alice, bob):
            self.assertEqual(glob.glob(os.path.join(host.directory, "**", "*.[jp][pn]g"), recursive=True), [])
            self.assert_undisturbed(host)

    def test_in_a_group(self):
        carol = str(self.deployment.account("carol@example.org", "Carol", "demo"))
        self.deployment.befriend(ALICE, "carol@example.org")
        alice, bob = self.both()
        alice.do("join", ALICE, "-", text="Lunch")
        group = alice.wait("joined", account=ALICE)["with"]
        alice.do("invite", ALICE, group, text=self.bob)
        bob.wait("joined", account=BOB)
        alice.do("invite", ALICE, group, text=carol)
        carol = self.host("carol")
        self.sign_on(carol, "carol@example.org", self.server.url)
        carol.wait("joined")
        # People who are not friends of Bob see only the line.
        picture = self.picture("menu.png")
        carol.do("file", "carol@example.org", group, text=picture)
        added = carol.wait("xfer", state="added")
        self.assertEqual(added["who"], "Lunch")
        self.completed(carol)
        self.assertEqual(self.shown(carol, "carol@example.org", group, SEND), "png")
        for host, account in ((alice, ALICE), (bob, BOB)):
            self.assertRegex(self.line(host, account, group), r"^menu\.png \(.*\) URL:menu\.png$")
        self.assertEqual(self.shown(alice, ALICE, group, text="Carol:<br>"), "png")
        # The picture of a friend follows, also in the middle of text.
        alice.do("pictures", ALICE, group, text=f"here {{{picture}}} or there")
        self.assertIn("<IMG", self.own_picture(alice, group))
        self.assertEqual([self.line(bob, BOB, group).split(" ")[0] for _ in range(3)], ["here", "picture.png", "or"])
        self.assertEqual(self.shown(bob, BOB, group), "png")
        self.assertEqual([item for item in bob.have("message") if "<img" in item["markup"]], [])
        # A missed message is shown with its file when the window is opened, once.
        bob.do("slash", BOB, group, text="mute")
        until("a muted group", lambda: self.muted(bob, group))
        bob.do("close", BOB, group)
        carol.do("file", "carol@example.org", group, text=self.file("late.txt"))
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "behind it")
        until("the file at Alice", lambda: [item for item in alice.have("message") if "late.txt" in item["markup"]])
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "behind that")
        bob.do("join", BOB, group)
        self.assertEqual(self.line(bob, BOB, group), "late.txt (11 bytes) URL:late.txt")

    def own_picture(self, host, group):
        return host.wait_for(lambda item: item["event"] == "message" and item["with"] == group and "<IMG" in item["markup"],
                             "the own picture")["markup"]

    def muted(self, host, group):
        host.do("menu", BOB, group, text="-")
        return any(item["label"] == "Unmute" for item in host.have("menu"))

    def test_what_cannot_be_sent_is_told_once(self):
        alice, bob = self.both()
        bob.do("focus", BOB, self.alice)
        alice.do("focus", ALICE, self.bob)
        cases = ((self.file("nothing.txt", b""), "The file is empty."),
                 (self.file("large.bin", bytes((1 << 20) + 1)), "A file can have at most 1024.00 KiB."),
                 (self.directory, "Only files can be sent, no folders."))
        for path, sentence in cases:
            alice.do("file", ALICE, self.bob, text=path)
            told = alice.message(ALICE, self.bob, ERROR)
            self.assertEqual(plain(told["markup"]), f"{sentence} This message was not sent:\n{os.path.basename(path)}")
            alice.wait("xfer", state="gone")
        # A picture that is too large delays nothing, nor does a file that is not a picture.
        alice.do("pictures", ALICE, self.bob, text=f"before {{={cases[1][0]}}} after {{{self.file('no.png')}}}")
        told = plain(alice.message(ALICE, self.bob, ERROR)["markup"])
        self.assertEqual(told, f"{cases[1][1]} This message was not sent:\nlarge.bin")
        self.assertEqual([self.line(bob, BOB, self.alice).split(" ")[0] for _ in range(3)], ["before", "after", "picture.icon"])
        # The user cancels: nothing is sent, and libpurple says so itself.
        self.server.process.send_signal(signal.SIGSTOP)
        alice.do("file", ALICE, self.bob, text=self.file("slow.bin", bytes(1 << 20)))
        alice.do("cancel", ALICE)
        self.server.process.send_signal(signal.SIGCONT)
        self.assertEqual(alice.wait("xfer", state="gone", name="slow.bin")["status"], "5")
        # Signing off reports what was not sent. Texts are kept, as always.
        self.server.process.send_signal(signal.SIGSTOP)
        alice.do("file", ALICE, self.bob, text=self.file("late.bin", bytes(1 << 20)))
        alice.do("pictures", ALICE, self.bob, text=f"one {{={self.picture('lost.png')}}} two")
        self.drop(alice)
        alice.do("disconnect", ALICE)
        told = [plain(alice.message(ALICE, self.bob, ERROR)["markup"]) for _ in range(2)]
        self.assertEqual(told, [f"You have signed off. This message was not sent:\n{name}" for name in ("late.bin", "lost.png")])
        alice.wait("xfer", state="gone", name="late.bin")
        alice.wait("disconnected")
        self.server.process.send_signal(signal.SIGCONT)
        alice.do("connect", ALICE)
        alice.wait("connected")
        self.assertEqual([self.line(bob, BOB, self.alice) for _ in range(2)], ["one", "two"])
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "the end")
        self.assertEqual([item for item in alice.have("message") if int(item["flags"]) & ERROR], [])
        self.assert_undisturbed(alice)

    def test_saving_what_came(self):
        alice, bob = self.both("ask_files=true", "pictures=nobody")
        content = os.urandom(500_000)
        alice.do("file", ALICE, self.bob, text=self.file("data.bin", content))
        self.assertRegex(self.line(bob, BOB, self.alice), r"^data\.bin \(.*\) URL:data\.bin$")
        offer = bob.wait("request", kind="action")
        self.assertIn("data.bin", offer["primary"])
        bob.do("answer", offer["id"], 0)
        place = bob.wait("request", kind="save")
        self.assertEqual(place["value"], "data.bin")
        target = os.path.join(self.directory, "saved.bin")
        bob.do("answer", place["id"], 0, text=target)
        self.completed(bob)
        self.assertEqual(pathlib.Path(target).read_bytes(), content)
        # Pictures that are not shown are offered as well. Refused and cancelled downloads leave no file.
        alice.do("file", ALICE, self.bob, text=self.picture("no.png"))
        offer = bob.wait("request", kind="action")
        bob.do("answer", offer["id"], 0)
        place = bob.wait("request", kind="save")
        self.completed(alice)
        self.server.process.send_signal(signal.SIGSTOP)
        bob.do("answer", place["id"], 0, text=target + "2")
        bob.do("cancel", BOB)
        self.server.process.send_signal(signal.SIGCONT)
        self.assertFalse(os.path.exists(target + "2"))
        self.completed(alice)
        alice.do("file", ALICE, self.bob, text=self.file("again.txt"))
        offer = bob.wait("request", kind="action")
        bob.do("disconnect", BOB)
        bob.do("answer", offer["id"], 0)
        bob.do("answer", bob.wait("request", kind="save")["id"], 0, text=target)
        self.assertIn("You are not signed on. This file was not saved:", html.unescape(bob.message(BOB, self.alice, ERROR)["markup"]))
        self.assertEqual(pathlib.Path(target).read_bytes(), content)
        self.assertEqual([item for item in bob.have("message") if "<img" in item["markup"]], [])
        self.assertNotEqual(bob.have("message", flags=str(SYSTEM)), [])


class ServerWithoutFiles(OnDisk):
    settings = "file_limit_mib = 0\n"

    def test_texts_arrive_and_pictures_are_refused(self):
        alice, bob = self.both()
        icon = os.path.join(os.path.dirname(__file__), "../icons/fbchat-48.png")
        alice.do("pictures", ALICE, self.bob, text="one {=" + icon + "} two")
        # Hosts offer no files then, but Pidgin may have inserted a picture before.
        self.assertEqual(plain(alice.message(ALICE, self.bob, ERROR)["markup"]),
                         "This server takes no files. This message was not sent:\nfbchat-48.png")
        self.assertEqual([plain(bob.message(BOB, self.alice, RECV)["markup"]) for _ in range(2)], ["one", "two"])
        self.assert_undisturbed(alice)


class Previews(Hostile):
    def host(self, who, directory=None, **variables):
        return super().host(who, directory, HEADLESS_NAME="Pidgin", **variables)

    def test_what_is_no_small_picture_is_not_shown(self):
        alice, bob = self.both()
        icon = os.path.join(os.path.dirname(__file__), "../icons/fbchat-48.png")
        content = pathlib.Path(icon).read_bytes()
        previews = (b"<html>" + bytes(200), content[:16] + struct.pack(">II", 60_000, 60_000) + content[24:], content[:20],
                    b"\xff\xd8\xff\xe0" + bytes(100), b"GIF89a\xff\xff\x01\x00" + bytes(100))
        for preview in previews:
            self.proxy.change("/files/", (200, preview, ("ETag", '"x"')))
        for _ in range(len(previews) + 1):
            bob.do("pictures", BOB, self.alice, text="{" + icon + "}")
            self.assertIn("picture.png", alice.message(ALICE, self.bob, RECV)["markup"])
            bob.message(BOB, self.alice, SEND)
        # Only the last one comes from the server.
        self.assertEqual(alice.wait("picture")["type"], "png")
        alice.message(ALICE, self.bob, RECV)
        self.still_works(alice, bob)
        self.assertEqual(alice.have("picture"), [])
