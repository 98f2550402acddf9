"""home.php in headless Chromium, against the real server: what a person does in the browser, step by step.

Usage: test_browser.py --fbchatd PROGRAM --fbchat PROGRAM --artefacts DIRECTORY [unittest arguments]"""

import argparse
import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import PASSWORD, Browser, Client, Keys, Server, Terminal, until
from pictures import SIZE, portrait

options = None
SESSIONS = "/ajax/fbchat/sessions.php"


def setUpModule():
    global server, browsers
    server = Server(options.fbchatd, options.artefacts)
    server.start()
    with ThreadPoolExecutor() as pool:
        browsers = list(pool.map(Browser, ("one", "other")))


def tearDownModule():
    for browser in browsers:
        browser.discard()
    server.discard()


class Case(unittest.TestCase):
    def setUp(self):
        self.one, self.other = browsers
        for browser in browsers:
            browser.reset(server)

    def tearDown(self):
        result = self._outcome.result
        if any(test is self for test, _ in result.failures + result.errors):
            for name, browser in zip(("one", "other"), browsers):
                self.shoot(browser, f"failed-{self._testMethodName}-{name}")
        for browser in browsers:
            self.assertEqual(browser.complaints(), [])

    def people(self, *names, friends=True):
        """Accounts of this test alone; all are friends of the first. Gives their addresses."""
        test = self._testMethodName.removeprefix("test_")
        emails = [f"{name.split()[0].lower()}.{test}@example.org" for name in names]
        for name, email in zip(names, emails):
            server.account(name, email)
        for email in emails[1:] if friends else ():
            server.befriend(emails[0], email)
        return emails

    def shoot(self, browser, name):
        browser.screenshot(os.path.join(options.artefacts, f"browser-{name}.png"))

    def picture(self, name, *colours):
        path = os.path.join(server.data, f"{name}.png")
        with open(path, "wb") as file:
            file.write(portrait(*colours))
        return path


class Doors(Case):
    def test_wrong_password_then_right(self):
        [alice] = self.people("Alice Example")
        one = self.one
        one.open()
        one.log_in(alice, "wrong")
        one.sees("#standard_error", "Incorrect e-mail address or password.")
        self.assertEqual(one.find("#email").get_attribute("value"), alice)
        self.assertEqual(one.focused(), "pass")
        self.shoot(one, "login")
        one.key(PASSWORD, Keys.ENTER)
        one.connected()
        self.assertEqual(one.text("#navAccountName"), ["Alice Example"])
        one.click("#logout_form button")
        one.find("#login_form")
        one.open("/home.php")
        one.find("#login_form")

    def test_sign_up_and_invitation(self):
        [alice] = self.people("Alice Example")
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

        link = server.run("invite", "--friend", alice, "--url", server.url).removeprefix(server.url)
        other = self.other
        other.open(link)
        other.fill("[name=name]", "Eve Guest")
        other.fill("[name=email]", "eve.invited@example.org")
        other.fill("[name=pass]", PASSWORD)
        other.click("[type=submit]")
        other.connected()
        self.assertEqual(other.text("#friend_list button"), ["Alice Example"])
        other.click("#logout_form button")
        other.find("#login_form")
        other.open(link)
        other.sees("#standard_error", "unknown, too old, or was used already")
        [refused] = other.complaints()
        self.assertIn("403", refused)


class Chatting(Case):
    def test_two_browsers(self):
        alice, bob, carol = self.people("Alice Example", "Bob Example", "Carol Example")
        one, other = self.one, self.other
        Client(server, carol).call("/ajax/updatestatus.php", {"status": "has found her old modem"})
        one.enter(alice)
        other.enter(bob)
        one.sees("#friend_list .state", "online")
        one.chat("Bob Example")
        one.write("Hello, 2008!")
        one.hears("Hello, 2008!")

        # He has no window yet: a tab with a number, and the number in the title.
        other.sees(".chat .badge", "1")
        until("the number in the title", lambda: other.driver.title == "(1) fbchat")
        other.sees("#heard", "New message from Alice Example")
        other.click(".chat .tab")
        other.hears("Hello, 2008!")
        until("the title without the number", lambda: other.driver.title == "fbchat")
        until("the server to know", lambda: Client(server, bob).call("/ajax/fbchat/notifications.php")["inbox"] == 0)

        other.find(".chat.open textarea").send_keys("Hi Al")
        one.sees(".chat.open .typing", "Bob Example is typing…")
        other.find(".chat.open textarea").send_keys("ice!", Keys.ENTER)
        one.hears("Hi Alice!")
        self.assertEqual(one.text(".chat.open .typing"), [""])
        until("the title", lambda: one.driver.title == "fbchat")
        self.assertEqual(one.said(), ["Hello, 2008!", "Hi Alice!"])
        self.assertEqual(other.said(), one.said())

        # After a reload the window is open as before, with the history.
        other.driver.refresh()
        other.connected()
        other.hears("Hi Alice!")
        self.assertEqual(other.said(), ["Hello, 2008!", "Hi Alice!"])

    def test_the_terminal_client(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        one = self.one
        terminal = Terminal(options.fbchat, server, bob, os.path.join(server.data, "password"))
        try:
            terminal.wait("buddy_list")
            one.enter(alice)
            one.chat("Bob Example")
            one.find(".chat.open textarea").send_keys("x", Keys.BACKSPACE)
            terminal.wait("typing", typing=True)
            one.write("from the browser: ä & <b> 😀")
            terminal.wait("message", text="from the browser: ä & <b> 😀", own=False)
            terminal.say("Alice: from the terminal: ß & </b>")
            one.hears("from the terminal: ß & </b>")
        finally:
            terminal.discard()
        one.sees("#friend_list .state", "offline")

    def test_own_messages_from_elsewhere_and_two_tabs(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        first = one.driver.current_window_handle
        one.driver.switch_to.new_window("tab")
        one.open("/home.php")
        one.connected()
        one.chat("Bob Example")
        one.write("from the second tab")
        one.hears("from the second tab")
        elsewhere = Client(server, alice)
        elsewhere.send(server.uids[bob], "from another program")
        one.hears("from another program")
        Client(server, bob).send(server.uids[alice], "and an answer")
        one.hears("and an answer")
        one.driver.switch_to.window(first)
        one.hears("and an answer")
        self.assertEqual(one.said(), ["from the second tab", "from another program", "and an answer"])
        # Read in one tab is read in the other.
        until("the title", lambda: one.driver.title == "fbchat")

    def test_more_tabs_than_a_browser_has_connections(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        for _ in range(7):
            one.driver.switch_to.new_window("tab")
            one.open("/home.php")
            one.connected()
        one.chat("Bob Example")
        one.write("from the last tab")
        one.hears("from the last tab")
        Client(server, bob).send(server.uids[alice], "an answer")
        one.hears("an answer")
        # The others ask now and then, and when somebody looks at them.
        one.driver.switch_to.window(one.driver.window_handles[0])
        one.hears("an answer")

    def test_messages_while_away_are_counted_once(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        sender = Client(server, bob)
        for text in ("one", "two", "three"):
            sender.send(server.uids[alice], text)
        one = self.one
        one.enter(alice)
        until("the number in the title", lambda: one.driver.title == "(3) fbchat")
        one.driver.refresh()
        one.connected()
        until("the number in the title", lambda: one.driver.title == "(3) fbchat")
        self.assertEqual(one.text(".chat .badge"), ["3"])
        # Read in another program.
        Client(server, alice).call("/ajax/chat/settings.php", {"focus_chat": server.uids[bob]})
        until("the title without a number", lambda: one.driver.title == "fbchat")
        one.click(".chat .tab")
        one.hears("three")
        self.assertEqual(one.said(), ["one", "two", "three"])

    def test_whatever_people_write_is_shown_as_written(self):
        name = "Bob <i>\u202eelpmaxE"
        alice, bob = self.people("Alice Example", name)
        texts = [
            "<b>&amp;%20</b>",
            "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">",
            "👩‍👩‍👧‍👦 e\u0301 \u202egpj.exe\u202c ‮",
            "a\n\tb  c",
            "'\"`${1}\\ {{x}} %s %00 +",
            "w" * 3000,
            "ä" * 20_000,
        ]
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        Client(server, bob).call("/ajax/updatestatus.php", {"status": texts[0]})
        one.sees("#friend_list .status", texts[0])
        one.chat(one.find("#friend_list button").text)
        other.chat("Alice Example")
        for text in texts:
            one.write(text)
            other.hears(text)
        one.hears(texts[-1])
        one.driver.refresh()
        one.connected()
        one.hears(texts[-1])
        for browser in (one, other):
            self.assertEqual(browser.said(), texts)
            self.assertEqual(browser.js("document.querySelectorAll('.log b, .log i, .log img, .log script, main i').length"), 0)
            self.assertEqual(browser.driver.title, "fbchat")
            isolated = "[...document.querySelectorAll('.log p[dir=auto]')].every((p) => getComputedStyle(p).unicodeBidi === 'isolate')"
            self.assertTrue(browser.js(isolated))
            self.assertTrue(browser.js("document.querySelector('.log').scrollWidth <= document.querySelector('.log').clientWidth"))
        self.assertEqual(one.text("#friend_list button"), [name])
        # One more is said to be too much, and is still there to be shortened.
        one.write("ä" * 20_001)
        one.sees(".chat.open > .window > .said", "20001 characters long, and 20000 are possible")
        self.assertEqual(len(one.find(".chat.open textarea").get_attribute("value")), 20_001)

    def test_thousands_of_messages(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        one, sender = self.one, Client(server, bob)
        shown = "document.querySelectorAll('.chat.open .log li').length"
        for number in range(330):
            sender.send(server.uids[alice], f"message {number}")
        one.enter(alice)
        one.chat("Bob Example")
        one.hears("message 329")
        self.assertEqual(one.js(shown), 40)
        while "message 0" not in one.said():
            first = one.said()[0]
            one.click(".chat.open .older")
            until("an earlier page", lambda: one.said()[0] != first)
            self.assertLessEqual(one.js(shown), 200)
        self.assertEqual(one.said(), [f"message {number}" for number in range(200)])
        # What comes now is not shown among old messages, and not taken for read.
        sender.send(server.uids[alice], "news")
        until("the number in the title", lambda: one.driver.title == "(1) fbchat")
        one.click(".chat.open .log > button:last-child")
        one.hears("news")
        until("the title without a number", lambda: one.driver.title == "fbchat")
        self.assertEqual(one.said()[-2:], ["message 329", "news"])
        for number in range(200):
            sender.send(server.uids[alice], f"more {number}")
        one.hears("more 199")
        self.assertLessEqual(one.js(shown), 200)
        self.assertEqual(one.said()[-200:], [f"more {number}" for number in range(200)])

    def test_going_offline(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        watcher = Client(server, bob)
        there = lambda: str(server.uids[alice]) in watcher.call("/ajax/presence/update.php", {"buddy_list": 1})["buddy_list"]["nowAvailableList"]
        until("alice online", there)
        one.click("#buddy_button")
        one.click("#visibility")
        one.sees("#buddy_button", "you are offline")
        until("alice offline", lambda: not there())
        one.chat("Bob Example")
        one.write("psst")
        one.sees(".log .wrong", "You are offline in chat.")
        one.click("#buddy_button")
        one.click("#visibility")
        one.sees("#visibility", "Go offline")
        one.click("#buddy_close")
        one.click(".log .wrong button")
        until("it to arrive", lambda: watcher.history(server.uids[alice]) == ["psst"])
        until("it to be marked as sent", lambda: not one.all(".log .pending, .log .wrong"))
        self.assertEqual(one.said(), ["psst"])


class People(Case):
    def test_request_accept_and_decline(self):
        alice, bob, carol = self.people("Alice Example", "Bob Example", "Carol Example", friends=False)
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        other.fill("#search_text", alice)
        other.key(Keys.ENTER)
        other.sees("#search_list", "Alice Example")
        other.click("#search_list button")
        other.sees("#search_list", "Your request waits for an answer.")
        # It comes by itself, and so does the friend.
        one.sees("#notice", "Bob Example wants to be your friend.")
        one.sees("#request_badge", "1")
        one.click("[aria-label='Accept Bob Example']")
        one.sees("#friend_list", "Bob Example")
        one.sees("#requests .said", "You and Bob Example are friends.")
        other.click("a[href='#home']")
        other.sees("#friend_list", "Alice Example")
        other.sees("#friend_list .state", "online")

        Client(server, carol).call("/ajax/addfriend.php", {"profile_id": server.uids[alice], "message": "We met <yesterday>"})
        one.sees("#request_list", "We met <yesterday>")
        one.click("[aria-label='Decline Carol Example']")
        until("the list to be empty", lambda: not one.all("#request_list li"))
        self.assertEqual(one.text("#friend_list button"), ["Bob Example"])
        one.fill("#search_text", "nobody.at.all@example.org")
        one.key(Keys.ENTER)
        one.sees("#search_said", "Nobody found.")

    def test_status_and_picture(self):
        alice, bob = self.people("Alice Example", "Bob Example")
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
        wrong = os.path.join(server.data, "wrong.png")
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
        [alice] = self.people("Alice Example")
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
        # The other browser hears of it at once, and can log in again with the new one.
        other.sees("#state.alarm", "You are logged out")
        other.click("#state a")
        other.log_in(alice)
        other.sees("#standard_error", "Incorrect")
        other.enter(alice, "a new password")

    def test_sessions(self):
        [alice] = self.people("Alice Example")
        one, other = self.one, self.other
        one.enter(alice)
        Client(server, alice, agent="Tin Can/2 <b>")
        other.enter(alice)
        one.click("a[href='#settings']")
        until("three logins", lambda: len(one.all("#session_list li")) == 3)
        self.assertEqual(len(one.all("#session_list button")), 2)
        one.sees("#session_list li", "Chromium on Linux, this one")
        one.sees("#session_list li", "Chromium on Linux, online")
        self.shoot(one, "settings")
        one.click("[aria-label='End Tin Can/2 <b>']")
        one.sees("#sessions_said", "That login has ended.")
        self.assertEqual(len(one.all("#session_list li")), 2)
        one.click("#end_others")
        one.sees("#sessions_said", "You are logged in only here.")
        self.assertEqual(len(one.all("#session_list li")), 1)
        other.sees("#state.alarm", "You are logged out")
        other.click("#state a")
        other.find("#login_form")


class Hardship(Case):
    def test_the_server_starts_anew(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        one.chat("Bob Example")
        one.write("before")
        one.hears("before")
        server.stop()
        try:
            one.sees("#state", "No connection to the server.")
            one.write("meanwhile")
            one.sees(".log .mark", "waiting for the server")
            self.shoot(one, "outage")
        finally:
            server.start()
        for browser in (one, other):
            until("the connection", lambda: browser.text("#state") == [""])
        until("it to be sent", lambda: not one.all(".log .pending"))
        self.assertEqual(one.said(), ["before", "meanwhile"])
        self.assertEqual(Client(server, bob).history(server.uids[alice]), ["before", "meanwhile"])
        other.chat("Alice Example")
        other.hears("meanwhile")
        other.sees("#friend_list .state", "online")
        other.write("welcome back")
        one.hears("welcome back")
        until("the mark to go", lambda: not one.all(".log .mark"))

    def test_pages_allow_nothing_from_elsewhere(self):
        [alice] = self.people("Alice Example")
        one = self.one
        one.enter(alice)
        blocked = """(() => { const script = document.createElement("script"); script.textContent = "document.title = 'hit'";
            document.body.append(script); return document.title })()"""
        self.assertEqual(one.js(blocked), "fbchat")
        until("the refusal", lambda: any("Content Security Policy" in text for text in one.complaints()))
        for path in ("/login.php", "/register.php", "/home.php", "/reqs.php", "/nothing.php", f"/profile.php?id={server.uids[alice]}"):
            with self.subTest(path):
                policy = """const done = arguments[1]; fetch(arguments[0]).then((answer) => done(
                    [answer.headers.get("content-security-policy"), answer.headers.get("x-frame-options")]))"""
                policy, frame = one.driver.execute_async_script(policy, path)
                self.assertIn("default-src 'self'", policy)
                self.assertNotIn("unsafe", policy)
                self.assertEqual(frame, "DENY")
        one.complaints()  # one of those pages does not exist


class Everybody(Case):
    def test_keyboard_and_screen_reader(self):
        alice, bob = self.people("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        Client(server, bob).send(server.uids[alice], "psst")
        one.sees(".chat .badge", "1")
        one.key(Keys.TAB)
        self.assertEqual(one.focused(), "Skip to the page")
        one.key(Keys.TAB)
        self.assertEqual(one.focused(), "Skip to chat")
        one.key(Keys.ENTER)
        until("the chat button to have the focus", lambda: one.focused() == "buddy_button")
        one.key(Keys.ENTER)
        one.find("#buddy_panel")
        one.key(Keys.ESCAPE)
        self.assertEqual(one.focused(), "buddy_button")
        one.key(Keys.SHIFT, Keys.TAB)
        self.assertIn("Bob Example", one.focused())
        one.key(Keys.ENTER)
        one.hears("psst")
        self.assertEqual(one.js("document.activeElement.tagName"), "TEXTAREA")
        one.key("by keyboard", Keys.ENTER)
        one.hears("by keyboard")
        one.key("a draft", Keys.ESCAPE)
        self.assertIn("Bob Example", one.focused())
        self.assertFalse(one.all(".chat.open"))
        one.key(Keys.ENTER)
        self.assertEqual(one.find(".chat.open textarea").get_attribute("value"), "a draft")

        nodes = one.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        nodes = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
        for role in ("banner", "navigation", "search", "main", "region", "log", "status", "heading", "list"):
            self.assertIn(role, [role for role, _ in nodes])
        for role, name in nodes:
            if role in ("button", "link", "textbox", "searchbox", "log", "region"):
                self.assertTrue(name.strip(), (role, name))
        names = [name for _, name in nodes]
        for name in ("Message to Bob Example", "Messages with Bob Example", "Close the chat with Bob Example"):
            self.assertIn(name, names)
        self.assertEqual(one.js("document.documentElement.lang"), "en")

    def test_on_a_phone(self):
        alice, bob, carol = self.people("Alice Example", "Bob Example", "Carol Example")
        sender = Client(server, bob)
        one = self.one
        one.size(390, 780, mobile=True)
        one.enter(alice)
        fits = lambda: self.assertLessEqual(one.js("document.documentElement.scrollWidth"), 390)
        fits()
        self.shoot(one, "phone-home")
        sender.send(server.uids[alice], "Are you on your phone?")
        one.sees("#buddy_button .badge", "1")
        one.click("#buddy_button")
        one.click("#online_list button")
        one.hears("Are you on your phone?")
        box = one.js("JSON.parse(JSON.stringify(document.querySelector('.chat.open .window').getBoundingClientRect()))")
        self.assertEqual((box["x"], box["y"], box["width"], box["height"]), (0, 0, 390, 780))
        self.assertTrue(one.js("document.getElementById('page').inert"))
        one.paste(".chat.open textarea", "Yes, and it fits.")
        one.click(".chat.open .compose button")
        until("it to arrive", lambda: sender.history(server.uids[alice])[-1] == "Yes, and it fits.")
        fits()
        self.shoot(one, "phone-chat")
        one.click(".chat.open .window_head button")
        one.find("#buddy_button")
        self.assertFalse(one.js("document.getElementById('page').inert"))
        for view in ("#settings", "#home"):
            one.click(f"nav a[href='{view}']")
            fits()

    def test_many_windows_make_room(self):
        alice, *others = self.people("Alice Example", *(f"{name} Example" for name in ("Bob", "Carol", "Dan", "Eve", "Fay", "Gil")))
        one = self.one
        one.size(900, 700)
        one.enter(alice)
        for name in ("Bob", "Carol", "Dan", "Eve", "Fay", "Gil"):
            one.chat(f"{name} Example")
            left = "[...document.querySelectorAll('#chats, .chat')].map((part) => part.getBoundingClientRect().left)"
            bar, *chats = one.js(left)
            self.assertGreaterEqual(min(chats), bar)
            until("its window to have the focus", lambda: one.js("document.activeElement.id").startswith(f"chat_{server.uids[f'{name.lower()}.many_windows_make_room@example.org']}"))
        one.sees(".chat.open h2", "Gil Example")

    def test_picture_for_the_manual(self):
        alice, bob, carol, dan, eve = self.people("Alice Example", "Bob Example", "Carol Example", "Dan Sample", "Eve Sample")
        one = self.one
        server.account("Frank Guest", "frank.guest@example.org")
        Client(server, "frank.guest@example.org").call("/ajax/addfriend.php", {"profile_id": server.uids[alice], "message": "We shared a desk in 2008."})
        one.size(1000, 620)
        for email, status, colours in (
            (bob, "has found his old modem", ((120, 160, 200), (224, 180, 140), (30, 30, 30))),
            (carol, "is baking bread", ((226, 190, 120), (250, 224, 200), (150, 70, 30))),
            (alice, "is reading old protocols", ((150, 190, 150), (244, 214, 184), (86, 58, 38))),
        ):
            one.enter(email)
            one.fill("#status_text", status)
            one.key(Keys.ENTER)
            one.sees("#own_status", status)
            one.click("a[href='#settings']")
            one.find("#picture_file").send_keys(self.picture("portrait", *colours))
            one.click("#picture_form button")
            one.sees("#picture_form .said", "This is your picture now.")
            if email != alice:
                one.click("#logout_form button")
                one.find("#login_form")
        clients = {email: Client(server, email) for email in (bob, carol, eve)}
        for client in clients.values():
            client.call("/ajax/presence/update.php", {"buddy_list": 1})
        one.open("/home.php")
        one.connected()
        one.chat("Bob Example")
        me = server.uids[alice]
        clients[bob].send(me, "Hello, 2008!")
        one.hears("Hello, 2008!")
        one.write("Hi Bob! No script to build, no app to install 😀")
        one.hears("Hi Bob! No script to build, no app to install 😀")
        clients[bob].send(me, "And it works on my phone.")
        clients[carol].send(me, "Bread?")
        clients[bob].call("/ajax/chat/typ.php", {"to": me, "typ": 1})
        one.sees(".typing", "Bob Example is typing…")
        until("Carol's message", lambda: one.driver.title == "(1) fbchat")
        one.driver.execute_script("document.activeElement.blur()")
        until("all pictures", lambda: one.js("[...document.images].every((image) => image.complete)"))
        self.shoot(one, "desktop")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("fbchatd", "fbchat", "artefacts"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    options, rest = parser.parse_known_args()
    os.makedirs(options.artefacts, exist_ok=True)
    unittest.main(argv=[sys.argv[0], *rest])
