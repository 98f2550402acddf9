# SPDX-License-Identifier: GPL-2.0-or-later
"""Away messages: shown while somebody is away, and never in place of the lasting status line afterwards."""

import html
import pathlib
import re

from case import ALICE, BOB, NASTY, OnDisk
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import RewritingProxy, answer

LASTING = f"lasting {NASTY}"
PROFILE = "/ajax/fbchat/profile.php"


class Away(OnDisk):
    def setUp(self):
        super().setUp()
        self.here, self.bob_host = self.both()
        # Alice has set this elsewhere.
        self.elsewhere = self.host("elsewhere")
        self.sign_on(self.elsewhere, ALICE, self.server.url)
        self.set_elsewhere(LASTING)

    def set_elsewhere(self, text):
        self.elsewhere.do("slash", ALICE, self.bob, text=f"status {text}")
        self.seen(text)

    def line(self):
        """Alice's line on the server."""
        self.elsewhere.do("slash", ALICE, self.bob, text="whoami")
        text = re.search("<b>Message</b>: (.*)", self.elsewhere.wait("userinfo", account=ALICE)["text"])
        return html.unescape(text[1]) if text else None

    def seen(self, text):
        """Bob sees this line of Alice."""
        until(f"the line {text}", lambda: html.unescape(self.bob_host.buddies(BOB)[self.alice]["text"] or "") == text)

    def go(self, text="brb"):
        self.here.do("message", ALICE, "away", text=text)
        self.seen(text)

    def sign_off(self):
        self.elsewhere.do("disconnect", ALICE)
        self.elsewhere.wait("disconnected", account=ALICE)

    def test_line_is_back_afterwards(self):
        for _ in range(2):
            self.go("I'm not here right now")
            self.here.do("message", ALICE, "available")
            self.seen(LASTING)

    def test_own_line_is_back_too(self):
        self.here.do("message", ALICE, "available", text="at home")
        self.seen("at home")
        self.go()
        self.here.do("message", ALICE, "available", text="at home")
        self.seen("at home")
        self.go()
        self.here.do("message", ALICE, "available")
        self.seen("at home")
        # Taken away by the one who has set it.
        self.here.do("message", ALICE, "available")
        self.here.do("message", ALICE, "available", text="x")
        self.here.do("message", ALICE, "available")
        self.seen("")

    def test_no_line_is_none_afterwards(self):
        self.elsewhere.do("slash", ALICE, self.bob, text="status")
        self.seen("")
        self.go()
        self.here.do("message", ALICE, "available")
        self.seen("")

    def test_another_away_message_and_none(self):
        self.go("brb")
        self.go("at lunch")
        self.here.do("message", ALICE, "away")
        self.seen(LASTING)
        self.go("again")
        self.here.do("status", ALICE, "invisible")
        until("the lasting line", lambda: self.line() == LASTING)

    def test_away_and_back_at_once(self):
        for command in ("away brb", "available", "away at lunch", "available"):
            status, _, text = command.partition(" ")
            self.here.do("message", ALICE, status, text=text)
        self.go("last")
        self.here.do("message", ALICE, "available")
        self.seen(LASTING)

    def test_line_that_was_set_elsewhere_meanwhile_stays(self):
        self.go()
        self.set_elsewhere("a new one")
        self.here.do("message", ALICE, "available")
        self.go("away again")
        self.here.do("message", ALICE, "available")
        self.seen("a new one")

    def test_line_that_is_chosen_while_away_lasts(self):
        self.go()
        self.here.do("slash", ALICE, self.bob, text="status chosen")
        self.seen("chosen")
        self.here.do("message", ALICE, "available")
        self.go()
        self.here.do("message", ALICE, "available")
        self.seen("chosen")

    def test_signing_off_while_away(self):
        self.go()
        self.here.do("disconnect", ALICE)
        until("the lasting line", lambda: self.line() == LASTING)

    def test_quitting_while_away(self):
        self.go()
        directory = self.here.directory
        self.here.quit()
        until("the lasting line", lambda: self.line() == LASTING)
        # The next sign-on is away with the same message, as Pidgin remembers it.
        self.here = self.host("alice", directory)
        self.here.do("message", ALICE, "away", text="brb")
        self.here.do("connect", ALICE)
        self.here.wait("connected", account=ALICE)
        self.seen("brb")
        self.here.do("message", ALICE, "available")
        self.seen(LASTING)

    def test_killed_while_away(self):
        self.go()
        directory = self.here.directory
        accounts = pathlib.Path(directory, "accounts.xml")
        until("saved", lambda: accounts.exists() and ">brb<" in accounts.read_text(encoding="utf-8"))
        self.here.process.kill()
        self.here.process.wait()
        self.assertEqual(self.line(), "brb")
        self.here = self.host("alice", directory)
        self.here.do("status", ALICE, "available")
        self.here.do("connect", ALICE)
        self.here.wait("connected", account=ALICE)
        self.seen(LASTING)


class Refused(OnDisk):
    def test_message_that_is_too_long_leaves_the_line(self):
        here, bob = self.both()
        here.do("message", ALICE, "available", text="lasting")
        until("the line", lambda: bob.buddies(BOB)[self.alice]["text"] == "lasting")
        here.do("message", ALICE, "away", text="x" * 1000)
        self.assert_sentence(here.wait("notify")["primary"])
        here.do("message", ALICE, "available", text="lasting")
        here.do("info", ALICE, self.bob)
        here.wait("userinfo")
        self.assertEqual(bob.buddies(BOB)[self.alice]["text"], "lasting")

    def test_away_message_is_not_shown_if_the_line_is_unknown(self):
        self.start()
        front = RewritingProxy(self.server.address)
        self.addCleanup(front.close)
        here, bob = self.host("alice"), self.host("bob")
        self.sign_on(here, ALICE, front.url)
        self.sign_on(bob, BOB, self.server.url)
        alice = self.uid(bob, BOB, "Alice Example")
        here.do("message", ALICE, "available", text="lasting")
        until("the line", lambda: bob.buddies(BOB)[alice]["text"] == "lasting")
        front.change(PROFILE, answer([], 1, errorDescription="Not now, please."))
        here.do("message", ALICE, "away", text="brb")
        # Asked for after the line, and so answered after it.
        here.do("info", ALICE, self.uid(here, ALICE, "Bob Example"))
        here.wait("userinfo")
        here.do("message", ALICE, "available", text="lasting")
        self.assertEqual(bob.buddies(BOB)[alice]["text"], "lasting")
