# SPDX-License-Identifier: GPL-2.0-or-later
"""Making an account on the server, and changing its password."""

from case import ALICE, Case, OnDisk
from peers import AUTHENTICATION_FAILED, LIMIT, run
import peers

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
        link = run(peers.OPTIONS.fbchatd, "invite", "--data", self.data, "--config", self.config, "--url",
                   "http://chat.example.org").split()
        return super().register(invitation=next(word for word in link if "invite=" in word), **fields)


class Closed(OnDisk):
    def test_server_that_takes_nobody(self):
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
        # libpurple has the new one, and the old one is worth nothing.
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
