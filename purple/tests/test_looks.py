# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures and status lines, in both directions."""

import html
import os
import pathlib
import struct
import tempfile
import zlib

from case import ALICE, BOB, NASTY, Case, OnDisk


def png(size, shade):
    """A picture in one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((shade, 80, 160)) * size for _ in range(size))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def icon(host, account, **fields):
    """The next picture of a buddy. Its size is up to the server, which re-encodes pictures."""
    fields["account"] = account
    return host.wait_for(lambda item: item["event"] == "buddy-icon" and item["icon_size"] not in ("", "0")
                         and all(item.get(key) == str(value) for key, value in fields.items()), f"a picture, {fields}")


class Pictures(Case):
    def file(self, data):
        handle, path = tempfile.mkstemp(suffix=".png")
        self.addCleanup(os.unlink, path)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return path

    def test_picture_is_seen_changed_and_taken_away(self):
        _, alice, bob = self.two()
        alice.do("icon", ALICE, self.file(png(48, 10)))
        seen = icon(bob, BOB, who=self.alice)
        alice.do("icon", ALICE, self.file(png(50, 200)))
        again = icon(bob, BOB, who=self.alice)
        self.assertNotEqual(seen["icon"], again["icon"])
        alice.do("icon", ALICE, "")
        bob.wait("buddy-icon", account=BOB, who=self.alice, icon_size=0)
        self.assert_undisturbed(alice)
        self.assert_undisturbed(bob)

    def test_picture_is_fetched_and_sent_once(self):
        server, alice, bob = self.two()
        alice.do("icon", ALICE, self.file(png(48, 10)))
        seen = icon(bob, BOB, who=self.alice)
        for host, account in ((bob, BOB), (alice, ALICE)):
            host.do("disconnect", account)
            host.wait("disconnected", account=account)
            host.do("connect", account)
            host.wait("connected", account=account)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "anything that comes later")
        self.assertEqual(bob.buddies(BOB)[self.alice]["icon_size"], seen["icon_size"])
        self.assertEqual(bob.have("buddy-icon", who=self.alice), [], "it was fetched again")
        log = pathlib.Path(alice.log).read_text(encoding="utf-8", errors="replace")
        self.assertEqual(log.count("the picture goes to the server"), 1, "it was sent again")

    def test_picture_of_before_the_first_sign_on(self):
        server, alice, bob = self.demo(), self.host("alice"), self.host("bob")
        self.sign_on(bob, BOB, server.url)
        who = self.uid(bob, BOB, "Alice Example")
        alice.do("account", ALICE, "wrong", server.url)
        alice.wait("disconnected", account=ALICE)
        alice.do("icon", ALICE, self.file(png(48, 10)))
        self.sign_on(alice, ALICE, server.url)
        icon(bob, BOB, who=who)

    def test_file_that_is_no_picture_is_refused_with_a_sentence(self):
        _, alice, bob = self.two()
        for data in (b"GIF? " * 100, png(48, 10) + bytes(10 << 20)):
            alice.do("icon", ALICE, self.file(data))
            notice = alice.wait("notify")
            self.assert_sentence(notice["primary"])
            self.assert_sentence(notice["secondary"])
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "still here")


class StatusLines(Case):
    def shown(self, buddy):
        return html.unescape(buddy["text"])

    def test_status_line_is_seen_changed_and_taken_away(self):
        _, alice, bob = self.two()
        alice.do("message", ALICE, "available", text=NASTY.replace("<", "&lt;").replace("&amp;", "&amp;amp;"))
        buddy = bob.wait("buddy-status", who=self.alice)
        self.assertEqual(self.shown(buddy), NASTY)
        # The tooltip is markup as well, with a label of its own.
        self.assertEqual(html.unescape(buddy["tooltip"]), f"<b>Message</b>: {NASTY}")
        self.assertIn(buddy["text"], buddy["tooltip"])
        # Being away does not remove it.
        alice.do("message", ALICE, "away", text="")
        alice.do("message", ALICE, "away", text="at lunch")
        self.assertEqual(self.shown(bob.wait("buddy-status", who=self.alice)), "at lunch")
        # The line is back when she is.
        alice.do("message", ALICE, "available", text="")
        self.assertEqual(self.shown(bob.wait("buddy-status", who=self.alice)), NASTY)
        alice.do("message", ALICE, "available", text="for a while")
        self.assertEqual(self.shown(bob.wait("buddy-status", who=self.alice)), "for a while")
        alice.do("message", ALICE, "available", text="")
        self.assertEqual(self.shown(bob.wait("buddy-status", who=self.alice)), "")
        self.assert_undisturbed(alice)

    def test_several_lines_become_one(self):
        _, alice, bob = self.two()
        alice.do("message", ALICE, "available", text="one<br>two\nthree")
        self.assertEqual(self.shown(bob.wait("buddy-status", who=self.alice)), "one two three")

    def test_status_line_of_the_web_survives_signing_on(self):
        server, alice, bob = self.two()
        alice.do("message", ALICE, "available", text="set elsewhere")
        bob.wait("buddy-status", who=self.alice)
        other = self.host("alice2")
        self.sign_on(other, ALICE, server.url)
        other.do("message", ALICE, "away", text="")
        other.do("message", ALICE, "available", text="")
        self.exchange(other, ALICE, self.bob, bob, BOB, self.alice, "anything that comes later")
        self.assertEqual(self.shown(bob.buddies(BOB)[self.alice]), "set elsewhere")

    def test_message_chosen_while_offline_is_published_at_sign_on(self):
        _, alice, bob = self.two()
        alice.do("disconnect", ALICE)
        self.wait_online(bob, BOB, self.alice, "0")
        alice.do("message", ALICE, "away", text="back soon")
        alice.wait("connected", account=ALICE)
        while self.shown(bob.buddies(BOB)[self.alice]) != "back soon":
            bob.wait("buddy-status", who=self.alice)

    def test_line_that_is_too_long_is_refused_with_a_sentence(self):
        _, alice, bob = self.two()
        alice.do("message", ALICE, "available", text="x" * 20000)
        self.assert_sentence(alice.wait("notify")["primary"])


class ManyPictures(OnDisk):
    def test_pictures_of_many_buddies_arrive(self):
        """More pictures than may be requested at once, each of them different."""
        count = 12
        for number in range(count):
            self.admin("user", "add", f"friend{number}@example.org", "--name", f"Friend {number}", stdin="demo12345\n")
            self.admin("friend", "add", ALICE, f"friend{number}@example.org")
        self.start()
        friends = self.host("friends")
        for number in range(count):
            handle, path = tempfile.mkstemp(suffix=".png")
            self.addCleanup(os.unlink, path)
            with os.fdopen(handle, "wb") as file:
                file.write(png(40 + number, number))
            self.sign_on(friends, f"friend{number}@example.org", self.server.url, password="demo12345")
            friends.do("icon", f"friend{number}@example.org", path)
        alice = self.host("alice")
        self.sign_on(alice, ALICE, self.server.url)
        pictures = {icon(alice, ALICE, alias=f"Friend {number}")["icon"] for number in range(count)}
        self.assertEqual(len(pictures), count)
