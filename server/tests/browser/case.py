"""What all tests of the browser have in common."""

import os
import unittest

from pictures import portrait


class Case(unittest.TestCase):
    """One server and two browsers for all; each test has people of its own."""

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
                self.shoot(browser, f"failed-{self._testMethodName}-{name}")
        for browser in self.browsers:
            self.assertEqual(browser.complaints(), [])

    def people(self, *names, friends=True):
        """Accounts of this test alone; all are friends of the first. Gives their addresses."""
        test = self._testMethodName.removeprefix("test_")
        emails = [f"{name.split()[0].lower()}.{test}@example.org" for name in names]
        for name, email in zip(names, emails):
            self.server.account(name, email)
        for email in emails[1:] if friends else ():
            self.server.befriend(emails[0], email)
        return emails

    def shoot(self, browser, name):
        browser.screenshot(os.path.join(self.options.artefacts, f"browser-{name}.png"))

    def picture(self, name, *colours):
        path = os.path.join(self.server.data, f"{name}.png")
        with open(path, "wb") as file:
            file.write(portrait(*colours))
        return path
