"""What all tests in the browser have in common."""

import os
import unittest

from clients import PASSWORD
from fbchat_testkit import Deployment

from pictures import portrait


class Site(Deployment):
    """A server on which everybody can register, with accounts that all have the same password."""

    def __init__(self, fbchatd, log, **more):
        super().__init__(fbchatd, log, settings='registration = "open"\nxmpp_domain = "localhost"\n', **more)
        self.uids = {}

    def account(self, email, name, password=PASSWORD):
        self.uids[email] = super().account(email, name, password)
        return self.uids[email]

    @property
    def url(self):
        return self.server.url

    @property
    def address(self):
        return self.server.address


class Case(unittest.TestCase):
    """One server and two browsers for all tests; each test has accounts of its own."""

    # Set once, before the first test.
    options = server = browsers = None

    def setUp(self):
        self.one, self.other = self.browsers
        for browser in self.browsers:
            browser.reset(self.server)

    def tearDown(self):
        result = self._outcome.result
        if any(test is self for test, _ in result.failures + result.errors):
            for name, browser in zip(("one", "other"), self.browsers):
                self.screenshot(browser, f"failed-{self._testMethodName}-{name}")
        for browser in self.browsers:
            self.assertEqual(browser.errors(), [])

    def accounts(self, *names, friends=True):
        """Accounts for this test alone, all of them friends of the first; returns their e-mail addresses."""
        test = self._testMethodName.removeprefix("test_")
        emails = [f"{name.split()[0].lower()}.{test}@example.org" for name in names]
        for name, email in zip(names, emails):
            self.server.account(email, name)
        for email in emails[1:] if friends else ():
            self.server.befriend(emails[0], email)
        return emails

    def screenshot(self, browser, name):
        browser.screenshot(os.path.join(self.options.artefacts, f"browser-{name}.png"))

    def picture(self, name, *colours):
        path = os.path.join(self.server.data, f"{name}.png")
        with open(path, "wb") as file:
            file.write(portrait(*colours))
        return path
