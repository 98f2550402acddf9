# SPDX-License-Identifier: GPL-2.0-or-later
"""Registering an account on the server, and changing its name and password."""

import signal

from case import ALICE, BOB, NASTY, Case, OnDisk
from fbchat_testkit import LIMIT, run, until
from headless import AUTHENTICATION_FAILED
import headless

EVE = "eve@example.org"


class Registration(OnDisk):
    settings = 'registration = "open"\n'

    def register(self, **fields):
        self.start()
        host = self.host("eve")
        host.do("register", EVE, "secret-password", self.server.url)
        question = host.wait("request", kind="fields", account=EVE)
        self.assertIn(self.server.url, question["primary"])
        host.do("answer", question["id"], 0, text="|".join(f"{key}={value}" for key, value in fields.items()))
        return host

    def test_new_account_is_signed_on_and_stays(self):
        host = self.register(name="Eve <Example>")
        self.assertEqual(host.wait("connected", account=EVE)["name"], "Eve <Example>")
        host.do("disconnect", EVE)
        host.wait("disconnected", account=EVE)
        host.do("connect", EVE)
        host.wait("connected", account=EVE)

    def refused(self, host):
        error = host.wait("error")
        self.assert_sentence(error["text"])
        host.wait("disconnected")
        return error["text"]

    def test_address_that_is_taken(self):
        host = self.register(name="Alice", email=ALICE)
        self.refused(host)

    def test_password_that_is_too_short(self):
        self.refused(self.register(name="Eve", password="short"))

    def test_cancelled(self):
        self.start()
        host = self.host("eve")
        host.do("register", EVE, "secret-password", self.server.url)
        host.do("answer", host.wait("request", kind="fields")["id"], 1)
        self.refused(host)


class ByInvitation(Registration):
    settings = 'registration = "invite"\n'

    def register(self, **fields):
        link = run(headless.OPTIONS.fbchatd, "invite", "--data", self.data, "--config", self.config, "--url",
                   "http://chat.example.org").split()
        return super().register(invitation=next(word for word in link if "invite=" in word), **fields)


class Closed(OnDisk):
    def test_closed_registration(self):
        self.start()
        host = self.host("eve")
        host.do("register", EVE, "secret-password", self.server.url)
        host.do("answer", host.wait("request", kind="fields")["id"], 0, text="name=Eve")
        self.assert_sentence(host.wait("error", LIMIT)["text"])


class Passwords(Case):
    def test_changed(self):
        server, alice, _ = self.two()
        alice.do("password", ALICE, "demo", text="another-password")
        self.assert_sentence(alice.wait("notify")["primary"])
        # libpurple has stored the new password, and the old one is no longer valid.
        alice.do("disconnect", ALICE)
        alice.wait("disconnected", account=ALICE)
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        other = self.host("other")
        other.do("account", ALICE, "demo", server.url)
        self.assertEqual(int(other.wait("error", account=ALICE)["reason"]), AUTHENTICATION_FAILED)

    def test_wrong_present_one(self):
        _, alice, _ = self.two()
        alice.do("password", ALICE, "wrong", text="another-password")
        notice = alice.wait("notify")
        self.assert_sentence(notice["primary"])
        self.assert_sentence(notice["secondary"])
        alice.do("disconnect", ALICE)
        alice.wait("disconnected", account=ALICE)
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)


class Names(OnDisk):
    def own_name(self, host):
        host.do("public-name", ALICE)
        return host.wait("public-name", account=ALICE)["text"]

    def shown(self, host, name):
        """Waits until a friend's list shows this."""
        until(f"Alice to be called {name}", lambda: host.buddies(BOB)[self.alice]["server_alias"] == name)

    def test_changed_here_and_elsewhere(self):
        alice, bob = self.both()
        self.assertEqual(self.own_name(alice), "Alice Example")
        alice.do("rename", ALICE, text=f"  {NASTY} ")
        self.assertEqual(alice.wait("public-name")["text"], NASTY)
        self.shown(bob, NASTY)
        other = self.host("other")
        self.assertEqual(self.sign_on(other, ALICE, self.server.url)["name"], NASTY)
        other.do("action", ALICE, "Change Name...")
        other.do("answer", other.wait("request", kind="input")["id"], 0, text="Ally")
        self.shown(bob, "Ally")
        self.assertEqual(self.own_name(alice), "Ally")
        self.assert_undisturbed(alice)
        self.assert_undisturbed(other)

    def test_refused(self):
        alice, _ = self.both()
        for name in ("", " ", "x" * 101, "two\nlines"):
            alice.do("rename", ALICE, text=name)
            self.assert_sentence(alice.wait("name-refused")["text"])
            # Asked for at once.
            self.assertEqual(alice.wait("public-name")["text"], "Alice Example")
        alice.do("action", ALICE, "Change Name...")
        alice.do("answer", alice.wait("request", kind="input")["id"], 0, text="x" * 101)
        self.assert_sentence(alice.wait("notify")["primary"])

    def test_pending_requests_are_answered_at_sign_off(self):
        alice, _ = self.both()
        self.addCleanup(self.server.process.send_signal, signal.SIGCONT)
        self.server.process.send_signal(signal.SIGSTOP)
        alice.do("rename", ALICE, text="Ally")
        alice.do("public-name", ALICE)
        alice.do("disconnect", ALICE)
        # The request that was refused is repeated, and is answered, too.
        self.assert_sentence(alice.wait("name-refused")["text"])
        for _ in range(2):
            self.assert_sentence(alice.wait("no-public-name")["text"])
        self.server.process.send_signal(signal.SIGCONT)
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        for event in ("public-name", "no-public-name", "name-refused"):
            self.assertEqual(alice.have(event), [])
