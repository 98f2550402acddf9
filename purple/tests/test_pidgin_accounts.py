# SPDX-License-Identifier: GPL-2.0-or-later
"""Pidgin's dialogs for accounts: added, with a wrong password, registered on the server, and with an untrusted certificate."""

from case import ALICE, OnDisk
from fbchat_testkit import until
from pidgin import TITLE, PidginCase, pidgin
from behind_tls import BehindTls

EVE = "eve@example.org"
# Pidgin's settings still use its first name.
UI = "gtk-gaim"


class Accounts(PidginCase, OnDisk):
    settings = 'registration = "open"\n'

    def fill_in(self, email, password):
        """The dialog for a new account, ready for its last button; the protocol is the second in the list."""
        self.start()
        self.start_pidgin()
        self.focus("Accounts")
        self.press("alt+a")
        window = self.focus("Add Account")
        self.press("space")
        # The list of protocols is a window, too.
        until("the list of protocols", lambda: "Pidgin" in self.windows())
        self.press("Down", "Return")
        until("its end", lambda: "Pidgin" not in self.windows())
        self.press("Tab")
        self.write(email)
        self.press("Tab")
        self.write(password)
        # "Remember password".
        self.press("alt+w", "alt+v", "Tab", "ctrl+a")
        self.write("https://chat.example.org")
        self.screenshot("pidgin-account-advanced.png", window)
        self.press("ctrl+a")
        self.write(self.server.url)
        return window

    def account(self, email):
        return until("the account", lambda: pidgin("PurpleAccountsFind", email, "prpl-fbchat"))

    def test_added_and_corrected(self):
        window = self.fill_in(ALICE, "wrong")
        self.press("alt+b")
        self.screenshot("pidgin-account.png", window)
        self.press("alt+a")
        account = self.account(ALICE)
        self.assertEqual(pidgin("PurpleAccountGetString", account, "server", ""), self.server.url)

        # The error and the way to correct it are in the buddy list. The account stays off until then.
        until("switched off", lambda: not pidgin("PurpleAccountGetEnabled", account, UI))
        self.focus("Accounts")
        self.press("alt+c")
        window = self.focus("Buddy List")
        self.screenshot("pidgin-password.png", window)
        self.press("Tab", "Tab", "Tab", "Tab", "space")
        self.focus("Modify Account")
        self.press("alt+p", "ctrl+a")
        self.write("demo")
        self.press("alt+s")
        until("the dialog's end", lambda: "Modify Account" not in self.windows())
        pidgin("PurpleAccountSetEnabled", account, UI, 1)
        self.signed_on(ALICE)

    def test_registered(self):
        self.fill_in(EVE, "a good password")
        # "Create this new account on the server" shares its access key with the protocol, so that the key only moves the focus.
        self.press("alt+b", "alt+t", "space", "alt+a")
        window = self.focus(TITLE)
        self.press("Tab", "Tab")
        self.write("Eve Example")
        self.screenshot("pidgin-register.png", window)
        self.press("alt+r")
        account = self.signed_on(EVE)
        self.assertTrue(pidgin("PurpleAccountGetEnabled", account, UI))
        self.assertEqual(pidgin("PurpleConnectionGetDisplayName", pidgin("PurpleAccountGetConnection", account)), "Eve Example")


class Certificate(PidginCase, BehindTls):
    def test_question_and_answer(self):
        self.start_demo(self.url)
        window = self.focus(TITLE)
        self.screenshot("pidgin-certificate.png", window)
        self.press("alt+a")
        self.signed_on(ALICE)
        until("no more questions", lambda: set(self.windows()) == {"Buddy List"})
