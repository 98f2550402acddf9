# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures of messages in Pidgin: a line in the conversation; a dialog where the window is closed."""

from case import ALICE
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import RewritingProxy
from pidgin import TITLE, PidginCase, pidgin
from test_failures import OFFLINE, SEND_PHP


class Failures(PidginCase):
    def test_message_that_was_refused(self):
        front = RewritingProxy(self.demo().address)
        self.addCleanup(front.close)
        self.start_demo(front.url)
        account = self.signed_on(ALICE)
        echo = pidgin("PurpleBuddyGetName", until("Echo", lambda: self.buddy(account, "Echo")))
        front.change(SEND_PHP, OFFLINE)
        conversation = pidgin("PurpleConversationNew", 1, account, echo)
        pidgin("PurpleConvImSend", pidgin("PurpleConvIm", conversation), "Are you there?")
        told = "This person is no longer online. This message was not sent:\nAre you there?"
        until("the failure", lambda: self.history(conversation) == [told, "Are you there?"])
        # The next one is never answered and cannot be kept. Its window is gone when the account signs off; the dialog stays.
        self.keep_nothing(pidgin("PurpleUserDir"), front.url)
        front.change(SEND_PHP, (500, b"Internal Server Error"), times=100)
        pidgin("PurpleConvImSend", pidgin("PurpleConvIm", conversation), "And now?")
        pidgin("PurpleConversationDestroy", conversation)
        pidgin("PurpleAccountDisconnect", account)
        until("signed off", lambda: pidgin("PurpleAccountIsDisconnected", account))
        self.focus(TITLE)
