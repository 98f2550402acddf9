"""Group conversations in two browsers, with a third member who uses another program."""

from case import Case
from browser import until
from clients import Client
from pictures import portrait


class Groups(Case):
    def test_a_group_from_its_creation_to_leaving_it(self):
        alice, bob, carol = self.accounts("Alice Example", "Bob <i>", "Carol Example")
        one, other, third = self.one, self.other, Client(self.server, carol)
        uids = [self.server.uids[email] for email in (alice, bob, carol)]
        third.upload(portrait((200, 170, 120)))
        one.enter(alice)
        other.enter(bob)
        one.click("#groups a[href='#group']")
        one.fill("#group_name", "Lunch & <b>")
        one.click("#group_form button")
        one.sees("#group_form .said", "Choose at least one friend.")
        one.click(f".picker input[value='{uids[1]}']")
        self.screenshot(one, "group-new")
        one.size(360, 640, mobile=True)
        self.screenshot(one, "group-new-phone")
        one.size(1200, 780)
        one.click("#group_form button")
        # Both have it, Bob with a tab and a number.
        one.receives("Alice Example created the group.")
        until("the field to write in", lambda: one.js("document.activeElement.tagName") == "TEXTAREA")
        other.sees("#group_list", "Lunch & <b>")
        until("the number in the title", lambda: other.driver.title == "(1) fbchat")
        other.click(".chat.group .tab")
        other.receives("Alice Example created the group.")
        until("the title without a number", lambda: other.driver.title == "fbchat")

        # Typing is shown with the name, and ends with the message.
        other.find(".chat.open textarea").send_keys("Noon?")
        one.sees(".chat.open .typing", "Bob <i> is typing…")
        other.click(".chat.open .compose button:not(.attach)")
        one.receives("Noon?")
        self.assertEqual(one.text(".chat.open .typing"), [""])
        self.assertEqual(one.text(".chat.open .other .who bdi"), ["Bob <i>"])
        one.send("/me nods")
        other.receives("* Alice Example nods")

        # A friend of Alice is added while Bob looks on; the history begins for her with that.
        one.click(".group_line .link")
        one.click(".group_panel details:first-of-type summary")
        one.click(f".group_panel .picker input[value='{uids[2]}']")
        one.click(".group_panel details:first-of-type button")
        one.sees(".group_panel .name", "Carol Example")
        self.assertEqual(one.text(".group_panel .name"), ["Alice Example (owner, you)", "Bob <i>", "Carol Example"])
        self.screenshot(one, "group-members")
        one.size(360, 640, mobile=True)
        self.screenshot(one, "group-members-phone")
        one.size(1200, 780)
        other.receives("Alice Example added Carol Example.")
        [group] = third.call("/ajax/fbchat/groups.php")["groups"]
        self.assertEqual(third.history(group["gid"]), ["Alice Example added Carol Example."])

        # Renaming changes the open windows.
        one.click(".group_panel details:last-of-type summary")
        one.fill(".group_panel .rename input", "Tea")
        one.click(".group_panel .rename button")
        for browser in (one, other):
            browser.sees(".chat.open h2", "Tea")
        one.click(".group_line .link")
        one.receives('Alice Example named the group "Tea".')
        third.send(group["gid"], "Hello")
        third.send(group["gid"], "everybody")
        for browser in (one, other):
            browser.receives("everybody")
        self.assertEqual(one.messages(), other.messages())
        self.assertEqual(len(one.all(".chat.open .face")), len(one.all(".chat.open .log li:not(.notice)")))
        # The picture of Carol, who has one, and not that of nobody.
        self.assertIn("/pics/", one.js("document.querySelector('.chat.open .log li:last-child .face').src"))
        # A picture that is wider than the window keeps its proportions.
        third.send_file(group["gid"], "", "wide.png", portrait((90, 140, 90), width=400))
        until("the picture", lambda: one.js("document.querySelector('.chat.open .photo img')?.naturalWidth > 0"))
        width, height = one.js("(({ width, height }) => [width, height])(document.querySelector('.chat.open .photo img').getBoundingClientRect())")
        self.assertLess(width, 220)
        self.assertAlmostEqual(width / height, 400 / 192, delta=0.03)
        self.screenshot(one, "group")
        one.size(360, 640, mobile=True)
        self.screenshot(one, "group-phone")
        one.size(1200, 780)
        self.assertEqual(one.js("document.querySelectorAll('.chat i, .chat b, #groups b').length"), 0)

        # Closing a window leaves nothing. A muted group is counted nowhere.
        other.click(".group_line .link")
        other.click("[aria-label='Mute the group Tea']")
        other.sees(".group_line", "Muted")
        other.click("[aria-label='Close the chat with the group Tea']")
        third.send(group["gid"], "Is anybody there?")
        one.receives("Is anybody there?")
        self.server.befriend(bob, carol)
        third.send(uids[1], "only for you")
        until("the number in the title", lambda: other.driver.title == "(1) fbchat")
        self.assertEqual(len(other.all(".chat.group")), 0)
        other.click("#buddy_button")
        self.screenshot(other, "group-muted")
        other.size(360, 640, mobile=True)
        self.screenshot(other, "group-list-phone")
        other.size(1200, 780)
        other.click("#group_rows .buddy")
        other.receives("Is anybody there?")

        # The owner removes Carol, after a question; she gets nothing more.
        one.click(".group_line .link")
        one.click("[aria-label='Remove… Carol Example']")
        one.click("[aria-label='Cancel Carol Example']")
        one.click("[aria-label='Remove… Carol Example']")
        one.click("[aria-label='Remove Carol Example']")
        until("two members", lambda: one.text(".group_panel .name") == ["Alice Example (owner, you)", "Bob <i>"])
        other.receives("Alice Example removed Carol Example.")
        self.assertEqual(third.call("/ajax/fbchat/groups.php")["groups"], [])

        # Alice leaves, after a question, and Bob is the owner now. In Safari, a click does not move the focus.
        one.size(1200, 400)
        one.driver.execute_script("arguments[0].click()", one.find("[aria-label='Leave… the group Tea']"))
        one.sees(".group_panel", "nobody can add you again for a week")
        bottom = lambda css: one.js("document.querySelector(arguments[0]).getBoundingClientRect().bottom", css)
        self.assertLessEqual(bottom("[aria-label='Leave the group Tea']"), bottom(".chat.open .window") + 1)
        one.size(1200, 780)
        one.click("[aria-label='Leave the group Tea']")
        until("no window", lambda: not one.all(".chat"))
        one.find("#no_groups")
        other.receives("Alice Example left the group.")
        other.click(".group_line .link")
        other.sees(".group_panel .name", "Bob <i> (owner, you)")

    def test_what_was_missed_is_counted_and_earlier_messages_can_be_read(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one, sender = self.one, Client(self.server, bob)
        gid = sender.call("/ajax/fbchat/groups.php", {"create": "Old", "ids[0]": self.server.uids[alice], "create_id": 1})["gid"]
        for number in range(60):
            sender.send(gid, f"message {number}")
        one.enter(alice)
        until("the number in the title", lambda: one.driver.title == "(61) fbchat")
        one.click("#group_list button")
        one.receives("message 59")
        until("the title without a number", lambda: one.driver.title == "fbchat")
        until("the server to know", lambda: Client(self.server, alice).call("/ajax/fbchat/notifications.php")["groups"] == [])
        one.click(".chat.open .older")
        one.receives("Bob Example created the group.")
        self.assertEqual(one.messages(), ["Bob Example created the group.", *(f"message {number}" for number in range(60))])
        # What is read elsewhere is not counted here, and who is removed can still read.
        one.click("[aria-label='Minimise the chat with the group Old']")
        sender.send(gid, "read elsewhere")
        until("the number in the title", lambda: one.driver.title == "(1) fbchat")
        Client(self.server, alice).call("/ajax/chat/settings.php", {"focus_chat": gid})
        until("the title without a number", lambda: one.driver.title == "fbchat")
        sender.call("/ajax/fbchat/groups.php", {"gid": gid, "remove": self.server.uids[alice]})
        one.click(".chat.group .tab")
        one.receives("Bob Example removed Alice Example.")
        one.sees(".group_line", "You are not in this group any more.")
        self.assertFalse(any(form.is_displayed() for form in one.all(".compose")))
        one.driver.refresh()
        one.connected()
        one.receives("Bob Example removed Alice Example.")
        one.sees(".group_line", "You are not in this group any more.")
