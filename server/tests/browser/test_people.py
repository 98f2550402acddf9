"""Logins, friendships and profiles."""

import os

from case import Case
from browser import Keys, until
from clients import Client, PASSWORD
from pictures import SIZE


class Doors(Case):
    def test_wrong_password_then_right(self):
        [alice] = self.accounts("Alice Example")
        one = self.one
        one.open()
        one.log_in(alice, "wrong")
        one.sees("#standard_error", "Incorrect e-mail address, user name or password.")
        self.assertEqual(one.find("#email").get_attribute("value"), alice)
        self.assertEqual(one.focused(), "pass")
        self.screenshot(one, "login")
        one.key(PASSWORD, Keys.ENTER)
        one.connected()
        self.assertEqual(one.text("#navAccountName"), ["Alice Example"])
        one.click("#logout_form button")
        one.find("#login_form")
        one.open("/home.php")
        one.find("#login_form")

    def test_a_login_that_is_kept(self):
        [alice] = self.accounts("Alice Example")
        one = self.one
        ends = lambda: {cookie["name"]: "expiry" in cookie for cookie in one.driver.get_cookies() if cookie["name"] in ("c_user", "xs")}
        one.enter(alice)
        self.assertEqual(ends(), {"c_user": False, "xs": False})
        one.click("#logout_form button")
        one.find("#login_form")
        one.click("[name=keep]")
        one.log_in_here(alice, "wrong")
        one.sees("#standard_error", "Incorrect e-mail address, user name or password.")
        self.assertTrue(one.find("[name=keep]").is_selected())
        self.screenshot(one, "login-kept")
        one.log_in_here(alice)
        one.connected()
        self.assertEqual(ends(), {"c_user": True, "xs": True})
        one.click("#logout_form button")
        one.find("#login_form")
        self.assertEqual(ends(), {})

    def test_sign_up_and_invitation(self):
        [alice] = self.accounts("Alice Example")
        one = self.one
        one.open("/login.php")
        one.click("a[href='/register.php']")
        one.fill("[name=name]", "Dan Sample")
        one.fill("[name=email]", alice)
        one.fill("[name=pass]", PASSWORD)
        one.click("[type=submit]")
        one.sees("#standard_error", "There is an account with this e-mail address already.")
        self.assertEqual(one.find("[name=name]").get_attribute("value"), "Dan Sample")
        one.fill("[name=email]", "dan.sign_up@example.org")
        one.fill("[name=pass]", PASSWORD)
        one.click("[type=submit]")
        one.connected()
        one.find("#no_friends")

        link = self.server.admin("invite", "--friend", alice, "--url", self.server.url).strip().removeprefix(self.server.url)
        other = self.other
        other.open(link)
        other.fill("[name=name]", "Eve Guest")
        other.fill("[name=email]", "eve.invited@example.org")
        other.fill("[name=pass]", PASSWORD)
        self.screenshot(other, "register")
        other.click("[type=submit]")
        other.connected()
        self.assertEqual(other.text("#friend_list button"), ["Alice Example"])
        other.click("#logout_form button")
        other.find("#login_form")
        other.open(link)
        other.sees("#standard_error", "unknown, too old, or was used already")
        [refused] = other.errors()
        self.assertIn("403", refused)


class People(Case):
    def test_request_accept_and_decline(self):
        alice, bob, carol = self.accounts("Alice Example", "Bob Example", "Carol Example", friends=False)
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        other.fill("#search_text", alice)
        other.key(Keys.ENTER)
        other.sees("#search_list", "Alice Example")
        other.click("#search_list button")
        other.sees("#search_list", "Your request waits for an answer.")
        self.screenshot(other, "search")
        # The request appears by itself, and so does the new friend.
        one.sees("#notice", "Bob Example wants to be your friend.")
        one.sees("#request_badge", "1")
        one.click("[aria-label='Accept Bob Example']")
        one.sees("#friend_list", "Bob Example")
        one.sees("#requests .said", "You and Bob Example are friends.")
        other.click("a[href='#home']")
        other.sees("#friend_list", "Alice Example")
        other.sees("#friend_list .state", "online")

        Client(self.server, carol).call("/ajax/addfriend.php", {"profile_id": self.server.uids[alice], "message": "We met <yesterday>"})
        one.sees("#request_list", "We met <yesterday>")
        one.click("[aria-label='Decline Carol Example']")
        until("the list to be empty", lambda: not one.all("#request_list li"))
        self.assertEqual(one.text("#friend_list button"), ["Bob Example"])
        one.fill("#search_text", "nobody.at.all@example.org")
        one.key(Keys.ENTER)
        one.sees("#search_said", "Nobody found.")

    def test_name(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        other.chat("Alice Example")
        one.click("a[href='#settings']")
        self.assertEqual(one.find("#name_text").get_attribute("value"), "Alice Example")
        one.fill("#name_text", "  Ally <b>")
        one.key(Keys.ENTER)
        one.sees("#name_form .said", "This is your name now.")
        self.assertEqual(one.find("#name_text").get_attribute("value"), "Ally <b>")
        one.sees("#navAccountName", "Ally <b>")
        # In the list, and in an open conversation.
        other.sees("#friend_list button", "Ally <b>")
        other.sees(".chat h2", "Ally <b>")
        other.sees(".chat label", "Message to Ally <b>")
        one.fill("#name_text", " ")
        one.key(Keys.ENTER)
        one.sees("#name_form .wrong", "1 to 100 characters")

    def test_user_name(self):
        alice, bob = self.accounts("Alice Example", "Bob Example", friends=False)
        one, other = self.one, self.other
        one.enter(alice)
        one.click("a[href='#settings']")
        self.assertRegex(one.find("#username_text").get_attribute("value"), r"^alice\.example\d*$")
        other.enter(bob)
        one.fill("#username_text", "Wonder.Land")
        one.key(Keys.ENTER)
        one.sees("#username_form .said", "This is your user name now.")
        self.assertEqual(one.find("#username_text").get_attribute("value"), "wonder.land")
        for width, name in ((1200, "user-name"), (360, "user-name-phone")):
            one.size(width, 780, mobile=width < 640)
            one.driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", one.find("#username_form"))
            self.screenshot(one, name)
        one.size(1200, 780)
        one.fill("#username_text", "wonder land")
        one.key(Keys.ENTER)
        one.sees("#username_form .wrong", "A user name has 3 to 32 letters")
        other.fill("#search_text", "wonder.land")
        other.key(Keys.ENTER)
        other.sees("#search_list strong", "Alice Example")
        other.sees("#search_list .status", "wonder.land")
        self.screenshot(other, "search-user-name")
        one.click("#logout_form button")
        one.find("#login_form")
        self.screenshot(one, "login")
        one.log_in_here("wonder.land")
        one.sees("#navAccountName", "Alice Example")

    def test_status_and_picture(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        one.fill("#status_text", "is reading <b>old</b> protocols")
        one.key(Keys.ENTER)
        one.sees("#own_status", "is reading <b>old</b> protocols")
        other.sees("#friend_list .status", "is reading <b>old</b> protocols")
        one.fill("#status_text", "x" * 421)
        one.key(Keys.ENTER)
        one.sees("#status_form .wrong", "420")
        one.click("#status_clear")
        until("the status to go", lambda: one.text("#own_status") == [""] and other.text("#friend_list .status") == [""])

        loaded = "(() => { const image = document.querySelector(arguments[0]); return image?.complete && image.src.includes('/pics/q') ? image.naturalWidth : 0 })()"
        one.click("a[href='#settings']")
        one.find("#picture_file").send_keys(self.picture("alice", (120, 160, 200)))
        one.click("#picture_form button")
        one.sees("#picture_form .said", "This is your picture now.")
        until("the picture", lambda: one.js(loaded, "#settings_picture") == SIZE)
        until("the friend's picture", lambda: other.js(loaded, "#friend_list img") == SIZE)
        wrong = os.path.join(self.server.data, "wrong.png")
        with open(wrong, "w", encoding="utf-8") as file:
            file.write("<svg onload='alert(1)'>")
        one.find("#picture_file").send_keys(wrong)
        one.click("#picture_form button")
        one.sees("#picture_form .wrong", "PNG")
        one.click("#picture_remove")
        one.sees("#picture_form .said", "You have no picture now.")
        until("the friend's picture to go", lambda: "nobody" in other.find("#friend_list img").get_attribute("src"))


class Account(Case):
    def test_password(self):
        [alice] = self.accounts("Alice Example")
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(alice)
        one.click("a[href='#settings']")
        for old, new, again, told in (
            ("wrong", "a new password", "a new password", "The old password is not right."),
            (PASSWORD, "a new password", "another password", "The two new passwords differ."),
            (PASSWORD, "a new password", "a new password", "Your password is changed"),
        ):
            for part, text in (("old", old), ("new", new), ("again", again)):
                one.fill(f"#password_{part}", text)
            one.key(Keys.ENTER)
            one.sees("#password_form .said", told)
        self.assertEqual(one.find("#password_new").get_attribute("value"), "")
        # The other browser is logged out at once, and can log in with the new password.
        other.sees("#state.alarm", "You are logged out")
        other.click("#state a")
        other.log_in(alice)
        other.sees("#standard_error", "Incorrect")
        other.enter(alice, "a new password")

    def test_sessions(self):
        [alice] = self.accounts("Alice Example")
        one, other = self.one, self.other
        one.enter(alice)
        Client(self.server, alice, agent="Tin Can/2 <b>")
        Client(self.server, alice, agent="Mozilla/5.0 (compatible; fbchat/0.1.0; Pidgin 2.14.12)")
        Client(self.server, alice, agent="Mozilla/5.0 (compatible; fbchat/0.1.0)")
        other.enter(alice)
        one.click("a[href='#settings']")
        until("five logins", lambda: len(one.all("#session_list li")) == 5)
        self.assertEqual(len(one.all("#session_list button")), 4)
        self.assertEqual(sorted(one.text("#session_list strong")),
                         ["Chromium on Linux", "Chromium on Linux", "Pidgin 2.14.12", "Tin Can/2 <b>", "fbchat 0.1.0"])
        one.sees("#session_list li", "Chromium on Linux, this one")
        one.sees("#session_list li", "Chromium on Linux, online")
        self.screenshot(one, "settings")
        one.click("[aria-label='End Tin Can/2 <b>']")
        one.sees("#sessions_said", "That login has ended.")
        self.assertEqual(len(one.all("#session_list li")), 4)
        one.click("#end_others")
        one.sees("#sessions_said", "You are logged in only here.")
        self.assertEqual(len(one.all("#session_list li")), 1)
        other.sees("#state.alarm", "You are logged out")
        other.click("#state a")
        other.find("#login_form")
