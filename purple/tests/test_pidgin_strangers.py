# SPDX-License-Identifier: GPL-2.0-or-later
"""People who are not on the buddy list, in Pidgin, where the title of a conversation is text in one place and markup in
another."""

from case import ALICE, BOB
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import RewritingProxy
from pidgin import PidginCase, pidgin
from test_strangers import EVE, NAME, message


class Strangers(PidginCase):
    def test_name_is_no_markup_in_the_head_of_the_conversation(self):
        server = self.demo()
        front = RewritingProxy(server.address)
        self.addCleanup(front.close)
        self.start_demo(front.url)
        account = self.signed_on(ALICE)
        names = [NAME, "</span> <span size='99999'>Eve", "Eve & Sons", "Eve Stranger"]
        front.add_items(*[message(name, name) for name in names])
        bob = self.host("bob")
        self.sign_on(bob, BOB, server.url)
        conversation = until("a conversation", lambda: pidgin("PurpleGetIms"))[0]
        self.assertEqual(pidgin("PurpleConversationGetName", conversation), EVE)
        shown = until("all lines", lambda: len(self.history(conversation)) == len(names) and
                           pidgin("PurpleConversationGetMessageHistory", conversation))
        # Lines have the name as it is.
        self.assertEqual([pidgin("PurpleConversationMessageGetSender", line) for line in reversed(shown)], names)
        self.assertEqual(pidgin("PurpleConversationGetTitle", conversation), "Eve Stranger")
        self.focus("Eve Stranger")
        self.assertEqual(pidgin("PurpleFindBuddies", account, EVE), [])

        front.add_items(message("markup", NAME))
        bob.do("send", BOB, self.uid(bob, BOB, "Alice Example"), text="behind it")
        title = "Eve ‹b›＆amp;‹/b› Stranger"
        until("the title", lambda: pidgin("PurpleConversationGetTitle", conversation) == title)
        self.focus(title)
