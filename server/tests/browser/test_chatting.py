"""Messages between browsers, with the terminal client, and in several tabs."""

import os

from case import Case
from browser import Keys, until
from clients import Client, Terminal


class Chatting(Case):
    def test_two_browsers(self):
        alice, bob, carol = self.accounts("Alice Example", "Bob Example", "Carol Example")
        one, other = self.one, self.other
        Client(self.server, carol).call("/ajax/updatestatus.php", {"status": "has found her old modem"})
        one.enter(alice)
        other.enter(bob)
        one.sees("#friend_list .state", "online")
        one.chat("Bob Example")
        one.send("Hello, 2008!")
        one.receives("Hello, 2008!")

        # Bob has no window open yet: a tab with a number, and the number in the title.
        other.sees(".chat .badge", "1")
        until("the number in the title", lambda: other.driver.title == "(1) fbchat")
        other.sees("#heard", "New message from Alice Example")
        other.click(".chat .tab")
        other.receives("Hello, 2008!")
        until("the title without the number", lambda: other.driver.title == "fbchat")
        until("the server to know", lambda: Client(self.server, bob).call("/ajax/fbchat/notifications.php")["inbox"] == 0)

        other.find(".chat.open textarea").send_keys("Hi Al")
        one.sees(".chat.open .typing", "Bob Example is typing…")
        other.find(".chat.open textarea").send_keys("ice!", Keys.ENTER)
        one.receives("Hi Alice!")
        self.assertEqual(one.text(".chat.open .typing"), [""])
        until("the title", lambda: one.driver.title == "fbchat")
        self.assertEqual(one.messages(), ["Hello, 2008!", "Hi Alice!"])
        self.assertEqual(other.messages(), one.messages())

        # After a reload the window is open as before, with the history.
        other.driver.refresh()
        other.connected()
        other.receives("Hi Alice!")
        self.assertEqual(other.messages(), ["Hello, 2008!", "Hi Alice!"])

    def test_the_terminal_client(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        terminal = Terminal(self.options.fbchat, self.server, bob, os.path.join(self.server.data, "password"))
        try:
            terminal.wait("buddy_list")
            one.enter(alice)
            one.chat("Bob Example")
            one.find(".chat.open textarea").send_keys("x", Keys.BACKSPACE)
            terminal.wait("typing", typing=True)
            one.send("from the browser: ä & <b> 😀")
            terminal.wait("message", text="from the browser: ä & <b> 😀", own=False)
            terminal.type("Alice: from the terminal: ß & </b>")
            one.receives("from the terminal: ß & </b>")
        finally:
            terminal.discard()
        one.sees("#friend_list .state", "offline")

    def test_own_messages_from_elsewhere_and_two_tabs(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        first = one.driver.current_window_handle
        one.driver.switch_to.new_window("tab")
        one.open("/home.php")
        one.connected()
        one.chat("Bob Example")
        one.send("from the second tab")
        one.receives("from the second tab")
        elsewhere = Client(self.server, alice)
        elsewhere.send(self.server.uids[bob], "from another program")
        one.receives("from another program")
        Client(self.server, bob).send(self.server.uids[alice], "and an answer")
        one.receives("and an answer")
        one.driver.switch_to.window(first)
        one.receives("and an answer")
        self.assertEqual(one.messages(), ["from the second tab", "from another program", "and an answer"])
        # A message that is read in one tab is read in the other.
        until("the title", lambda: one.driver.title == "fbchat")

    def test_more_tabs_than_a_browser_has_connections(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        for _ in range(7):
            one.driver.switch_to.new_window("tab")
            one.open("/home.php")
            one.connected()
        one.chat("Bob Example")
        one.send("from the last tab")
        one.receives("from the last tab")
        Client(self.server, bob).send(self.server.uids[alice], "an answer")
        one.receives("an answer")
        # The other tabs poll from time to time, and when they become visible.
        one.driver.switch_to.window(one.driver.window_handles[0])
        one.receives("an answer")

    def test_messages_while_away_are_counted_once(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        sender = Client(self.server, bob)
        for text in ("one", "two", "three"):
            sender.send(self.server.uids[alice], text)
        one = self.one
        one.enter(alice)
        until("the number in the title", lambda: one.driver.title == "(3) fbchat")
        one.driver.refresh()
        one.connected()
        until("the number in the title", lambda: one.driver.title == "(3) fbchat")
        self.assertEqual(one.text(".chat .badge"), ["3"])
        # Marked as read in another program.
        Client(self.server, alice).call("/ajax/chat/settings.php", {"focus_chat": self.server.uids[bob]})
        until("the title without a number", lambda: one.driver.title == "fbchat")
        one.click(".chat .tab")
        one.receives("three")
        self.assertEqual(one.messages(), ["one", "two", "three"])

    def test_title_counts_what_is_unread_in_all_conversations(self):
        alice, bob, carol = self.accounts("Alice Example", "Bob Example", "Carol Example")
        one, me = self.one, self.server.uids[alice]
        senders = {email: Client(self.server, email) for email in (bob, carol)}
        elsewhere = Client(self.server, alice)
        read = lambda email: elsewhere.call("/ajax/chat/settings.php", {"focus_chat": self.server.uids[email]})
        title = lambda text: until(f"the title {text}", lambda: one.driver.title == text)
        one.enter(alice)
        for email in (bob, bob, carol, bob):
            senders[email].send(me, "news")
        title("(4) fbchat")
        one.chat("Bob Example")
        title("(1) fbchat")
        one.click(".chat.open [aria-label='Minimise the chat with Bob Example']")
        senders[bob].send(me, "more")
        title("(2) fbchat")
        one.chat("Carol Example")
        title("(1) fbchat")
        # Read on another device, and another message before this page has asked what is unread.
        for text in ("more", "and more"):
            senders[bob].send(me, text)
        title("(3) fbchat")
        read(bob)
        senders[bob].send(me, "again")
        title("(1) fbchat")
        read(bob)
        title("fbchat")

    def test_every_text_is_shown_as_written(self):
        name = "Bob <i>&amp; Example"
        alice, bob = self.accounts("Alice Example", name)
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
        Client(self.server, bob).call("/ajax/updatestatus.php", {"status": texts[0]})
        one.sees("#friend_list .status", texts[0])
        one.chat(one.find("#friend_list button").text)
        other.chat("Alice Example")
        for text in texts:
            one.send(text)
            other.receives(text)
        one.receives(texts[-1])
        one.driver.refresh()
        one.connected()
        one.receives(texts[-1])
        for browser in (one, other):
            self.assertEqual(browser.messages(), texts)
            self.assertEqual(browser.js("document.querySelectorAll('.log b, .log i, .log img, .log script, main i').length"), 0)
            self.assertEqual(browser.driver.title, "fbchat")
            isolated = "[...document.querySelectorAll('.log p[dir=auto]')].every((p) => getComputedStyle(p).unicodeBidi === 'isolate')"
            self.assertTrue(browser.js(isolated))
            self.assertTrue(browser.js("document.querySelector('.log').scrollWidth <= document.querySelector('.log').clientWidth"))
        self.assertEqual(one.text("#friend_list button"), [name])
        # A text over the limit is refused, and stays in the field to be shortened.
        one.send("ä" * 20_001)
        one.sees(".chat.open > .window > .said", "20001 characters long, and 20000 are possible")
        self.assertEqual(len(one.find(".chat.open textarea").get_attribute("value")), 20_001)

    def test_actions_and_addresses(self):
        alice, bob = self.accounts("Alice Example", "Bob <i>")
        one = self.one
        one.enter(alice)
        one.chat("Bob <i>")
        sender = Client(self.server, bob)
        me = self.server.uids[alice]
        for text in ("/me waves", "/Me  and <b>", "/me", "/me ", "/meow", "not /me"):
            sender.send(me, text)
        one.receives("not /me")
        one.send("/me waves back")
        one.receives("* Alice Example waves back")
        self.assertEqual(one.messages(), ["* Bob <i> waves", "* Bob <i>  and <b>", "/me", "/me ", "/meow", "not /me", "* Alice Example waves back"])
        until("the text as it was typed", lambda: sender.history(me)[-1] == "/me waves back")
        self.assertEqual(one.js("getComputedStyle(document.querySelector('.log .action')).fontStyle"), "italic")
        self.assertEqual(one.text(".log .action bdi"), ["Bob <i>", "Bob <i>", "Alice Example"])
        one.driver.refresh()
        one.connected()
        one.receives("* Alice Example waves back")
        self.assertEqual(one.text(".log .action b, .log .action i"), [])

        texts = {
            "see https://example.org/a?b=1&c=%20#d, (http://example.org) and HTTP://EXAMPLE.ORG/wiki/A_(b).":
                ["https://example.org/a?b=1&c=%20#d", "http://example.org", "HTTP://EXAMPLE.ORG/wiki/A_(b)"],
            "(https://example.org/wiki/A_(b)), [https://example.org/[c]] {http://d.example/}) «http://e.example»":
                ["https://example.org/wiki/A_(b)", "https://example.org/[c]", "http://d.example/", "http://e.example"],
            "http://example.org/(((( http://example.org/))))": ["http://example.org/((((", "http://example.org/"],
            "\u202ehttp://example.org/\u202c \u2067http://example.org/b\u2069": ["http://example.org/", "http://example.org/b"],
            "/me likes http://example.org/.": ["http://example.org/"],
            "mailto:bob@example.org!": ["mailto:bob@example.org"],
            "http://münchen.example/straße 😀": ["http://münchen.example/straße"],
            "https://example.org/\u202egpj.exe": ["https://example.org/"],
            "javascript:alert(1) data:text/html,x file:///etc/passwd ftp://example.org //example.org example.org xhttp://example.org www.example.org": [],
            "java\tscript:alert(1) JAVASCRIPT://http//%0aalert(1) http:javascript:alert(1) vbscript:x blob:http:x": [],
            "\"><img src=x onerror=alert(1)>http://example.org/\"onmouseover=alert(1)": ["http://example.org/"],
            "http:// https://: http://[ mailto: http://" + "." * 3000: [],
            "<a href=\"http://example.org/\">x</a>": ["http://example.org/"],
        }
        for text, links in texts.items():
            with self.subTest(text):
                sender.send(me, text)
                one.receives(text.replace("/me", "* Bob <i>"))
                self.assertEqual(one.text(".chat.open .log li:last-child p a"), links)
                found = one.js("[...document.querySelectorAll('.chat.open .log li:last-child p a')].map((a) => [a.getAttribute('href'), a.rel, a.target])")
                self.assertEqual(found, [[link, "noopener noreferrer", "_blank"] for link in links])
                # What surrounds a link does not turn it around.
                turned = "[...document.querySelectorAll('.log p a')].filter((a) => getComputedStyle(a).unicodeBidi !== 'isolate' || getComputedStyle(a).direction !== 'ltr').length"
                self.assertEqual(one.js(turned), 0)
        self.assertEqual(one.js("document.querySelectorAll('.log img').length"), 0)
        self.screenshot(one, "links")
        one.size(360, 640, mobile=True)
        self.screenshot(one, "links-phone")
        one.size(1200, 780)
        many = "http://a.b/) " * 1538
        sender.send(me, many)
        one.receives(many)
        self.assertEqual(one.js("document.querySelectorAll('.chat.open .log li:last-child p a').length"), 1538)

    def test_enter_that_ends_a_composition_sends_nothing(self):
        alice, _ = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        one.paste(".chat.open textarea", "にほん")
        # As Chromium and Firefox report it, and as Safari does.
        for event in ({"isComposing": True}, {"keyCode": 229}):
            one.driver.execute_script("""arguments[0].dispatchEvent(new KeyboardEvent("keydown",
                { key: "Enter", bubbles: true, cancelable: true, ...arguments[1] }))""", one.find(".chat.open textarea"), event)
            self.assertEqual(one.messages(), [])
        one.key(Keys.ENTER)
        one.receives("にほん")

    def test_thousands_of_messages(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one, sender = self.one, Client(self.server, bob)
        shown = "document.querySelectorAll('.chat.open .log li').length"
        for number in range(330):
            sender.send(self.server.uids[alice], f"message {number}")
        one.enter(alice)
        one.chat("Bob Example")
        one.receives("message 329")
        self.assertEqual(one.js(shown), 40)
        while "message 0" not in one.messages():
            first = one.messages()[0]
            one.click(".chat.open .older")
            until("an earlier page", lambda: one.messages()[0] != first)
            self.assertLessEqual(one.js(shown), 200)
        self.assertEqual(one.messages(), [f"message {number}" for number in range(200)])
        # A new message is not shown among old ones, and not marked as read.
        sender.send(self.server.uids[alice], "news")
        until("the number in the title", lambda: one.driver.title == "(1) fbchat")
        one.click(".chat.open .log > button:last-child")
        one.receives("news")
        until("the title without a number", lambda: one.driver.title == "fbchat")
        self.assertEqual(one.messages()[-2:], ["message 329", "news"])
        for number in range(200):
            sender.send(self.server.uids[alice], f"more {number}")
        one.receives("more 199")
        self.assertLessEqual(one.js(shown), 200)
        self.assertEqual(one.messages()[-200:], [f"more {number}" for number in range(200)])

    def test_going_offline(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        watcher = Client(self.server, bob)
        there = lambda: str(self.server.uids[alice]) in watcher.call("/ajax/presence/update.php", {"buddy_list": 1})["buddy_list"]["nowAvailableList"]
        until("alice online", there)
        one.click("#buddy_button")
        one.click("#visibility")
        one.sees("#buddy_button", "you are offline")
        until("alice offline", lambda: not there())
        one.chat("Bob Example")
        one.send("psst")
        one.sees(".log .wrong", "You are offline in chat.")
        one.click("#buddy_button")
        one.click("#visibility")
        one.sees("#visibility", "Go offline")
        one.click("#buddy_close")
        one.click(".log .wrong button")
        until("the message to arrive", lambda: watcher.history(self.server.uids[alice]) == ["psst"])
        until("the message to be marked as sent", lambda: not one.all(".log .pending, .log .wrong"))
        self.assertEqual(one.messages(), ["psst"])
