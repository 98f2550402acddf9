# SPDX-License-Identifier: GPL-2.0-or-later
"""A group in Pidgin: its window, its entry on the list, and what is typed there."""

from case import BOB
from fbchat_testkit import until
from headless import RECV, SEND, plain
from pidgin import PidginCase, pidgin

NAME = "Lunch & <b>"


class Groups(PidginCase):
    def test_talk_close_and_rename(self):
        bob, alice, account = self.alice_and_bob()

        # Bob creates it and adds Alice: a window opens, with what happened and who is there.
        bob.do("join", BOB, "-", text=NAME)
        group = bob.wait("joined", title=NAME)["with"]
        bob.do("invite", BOB, group, text=alice)
        self.focus(NAME)
        [conversation] = pidgin("PurpleGetChats")
        until("the notice", lambda: self.history(conversation) == ["Bob Example added Alice Example."])
        bob.do("send", BOB, group, text="Noon at the <b>usual</b> place & time?")
        until("a message", lambda: self.history(conversation)[0] == "Noon at the <b>usual</b> place & time?")
        self.write("Fine with me.")
        self.press("Return")
        self.assertEqual(plain(bob.message(BOB, group, RECV)["markup"]), "Fine with me.")
        # Echo is a friend of Alice alone.
        self.write("/invite echo")
        self.press("Return")
        until("Echo in the group", lambda: self.history(conversation)[0] == "Alice Example added Echo.")
        self.assertEqual(self.history(conversation), ["Alice Example added Echo.", "Fine with me.",
                                                      "Noon at the <b>usual</b> place & time?", "Bob Example added Alice Example."])
        bob.do("typing", BOB, group, text="1")
        until("nothing but list and conversation",
              lambda: {title.strip("() 0123456789") for title in self.windows()} == {"Buddy List", NAME})
        self.screenshot("pidgin-group.png")

        # Closing the window leaves nothing: the next message opens it again, once.
        self.focus(NAME)
        self.press("ctrl+w")
        until("no conversation", lambda: pidgin("PurpleGetChats") == [])
        bob.do("send", BOB, group, text="One more thing")
        [conversation] = until("a conversation", lambda: pidgin("PurpleGetChats"))
        until("the message", lambda: self.history(conversation) == ["One more thing"])

        # Another name changes the window and disturbs nothing.
        bob.do("topic", BOB, group, text="Tea")
        self.focus("Tea")
        self.write("Tea then")
        self.press("Return")
        while plain(bob.message(BOB, group, RECV)["markup"]) != "Tea then":
            pass
        self.assertEqual(len(pidgin("PurpleGetChats")), 1)
        self.assertTrue(pidgin("PurpleAccountIsConnected", account))
        self.assertEqual([item for item in bob.have("message") if int(item["flags"]) & SEND and "Tea" in item["markup"]], [])
