# SPDX-License-Identifier: GPL-2.0-or-later
"""People who are not on the buddy list, in Finch."""

import re

from case import BOB
from fbchat_testkit.rewriting_proxy import RewritingProxy
from finch import FinchCase
from test_strangers import EVE, NAME, message


class Strangers(FinchCase):
    def test_lines_and_title_have_the_name(self):
        server = self.demo()
        front = RewritingProxy(server.address)
        self.addCleanup(front.close)
        self.start_with_account(front.url)
        self.shows(r"◯ Echo")
        front.add_items(message("one"), message("two"))
        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        screen = self.shows(re.escape(f"{NAME}: two"))
        self.assertIn(f"{NAME}: one", screen)
        self.assertIn(f"┤{NAME}", screen)
        self.assertNotIn(f"{EVE}:", screen)
