"""Keyboards, screen readers, phones, and servers that stop."""

from case import Case
from browser import Keys, until
from clients import Client


class Everybody(Case):
    def test_keyboard_and_screen_reader(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        Client(self.server, bob).send(self.server.uids[alice], "psst")
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
        one.receives("psst")
        self.assertEqual(one.js("document.activeElement.tagName"), "TEXTAREA")
        one.key("by keyboard", Keys.ENTER)
        one.receives("by keyboard")
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
        alice, bob, carol = self.accounts("Alice Example", "Bob Example", "Carol Example")
        sender = Client(self.server, bob)
        one = self.one
        one.size(390, 780, mobile=True)
        one.enter(alice)
        fits = lambda: self.assertLessEqual(one.js("document.documentElement.scrollWidth"), 390)
        fits()
        self.screenshot(one, "phone-home")
        sender.send(self.server.uids[alice], "Are you on your phone?")
        one.sees("#buddy_button .badge", "1")
        one.click("#buddy_button")
        one.find("#online_list button")
        self.screenshot(one, "phone-list")
        one.click("#online_list button")
        one.receives("Are you on your phone?")
        box = one.js("JSON.parse(JSON.stringify(document.querySelector('.chat.open .window').getBoundingClientRect()))")
        self.assertEqual((box["x"], box["y"], box["width"], box["height"]), (0, 0, 390, 780))
        self.assertTrue(one.js("document.getElementById('page').inert"))
        one.paste(".chat.open textarea", "Yes, and it fits.")
        one.click(".chat.open .compose button:not(.attach)")
        until("the message to arrive", lambda: sender.history(self.server.uids[alice])[-1] == "Yes, and it fits.")
        fits()
        self.screenshot(one, "phone-chat")
        one.click(".chat.open .window_head button")
        one.find("#buddy_button")
        self.assertFalse(one.js("document.getElementById('page').inert"))
        for view in ("#settings", "#home"):
            one.click(f"nav a[href='{view}']")
            fits()
            if view == "#settings":
                self.screenshot(one, "phone-settings")
        # The notice that the session has ended is visible above an open conversation, too.
        one.click("#buddy_button")
        one.click("#online_list button")
        Client(self.server, alice).call("/ajax/fbchat/sessions.php", {"end": "others"})
        one.sees("#state.alarm", "You are logged out")
        self.screenshot(one, "phone-ended")
        one.click("#state a")
        one.find("#login_form")

    def test_many_windows_make_room(self):
        alice, *others = self.accounts("Alice Example", *(f"{name} Example" for name in ("Bob", "Carol", "Dan", "Eve", "Fay", "Gil")))
        one = self.one
        one.size(900, 700)
        one.enter(alice)
        for name in ("Bob", "Carol", "Dan", "Eve", "Fay", "Gil"):
            one.chat(f"{name} Example")
            left = "[...document.querySelectorAll('#chats, .chat')].map((part) => part.getBoundingClientRect().left)"
            bar, *chats = one.js(left)
            self.assertGreaterEqual(min(chats), bar)
            until("its window to have the focus", lambda: one.js("document.activeElement.id").startswith(f"chat_{self.server.uids[f'{name.lower()}.many_windows_make_room@example.org']}"))
        one.sees(".chat.open h2", "Gil Example")
        # Conversations without room in the bar are in the list, with their unread messages.
        one.open("/assets/icon.svg")
        one.driver.execute_script("sessionStorage.clear()")
        for email in others:
            Client(self.server, email).send(self.server.uids[alice], "psst")
        one.open("/home.php")
        one.connected()
        until("the number in the title", lambda: one.driver.title == "(6) fbchat")
        bar, *chats = one.js(left)
        self.assertGreaterEqual(min(chats), bar)
        self.assertLess(len(chats), 6)
        one.click("#buddy_button")
        self.assertEqual(one.text("#online_list .badge"), ["1"] * 6)

    def test_picture_for_the_manual(self):
        alice, bob, carol, dan, eve = self.accounts("Alice Example", "Bob Example", "Carol Example", "Dan Sample", "Eve Sample")
        one = self.one
        self.server.account("frank.guest@example.org", "Frank Guest")
        Client(self.server, "frank.guest@example.org").call("/ajax/addfriend.php", {"profile_id": self.server.uids[alice], "message": "We shared a desk in 2008."})
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
        clients = {email: Client(self.server, email) for email in (bob, carol, eve)}
        for client in clients.values():
            client.call("/ajax/presence/update.php", {"buddy_list": 1})
        one.open("/home.php")
        one.connected()
        one.chat("Bob Example")
        me = self.server.uids[alice]
        clients[bob].send(me, "Hello, 2008!")
        one.receives("Hello, 2008!")
        one.send("Hi Bob! No script to build, no app to install 😀")
        one.receives("Hi Bob! No script to build, no app to install 😀")
        clients[bob].send(me, "And it works on my phone.")
        clients[carol].send(me, "Bread?")
        clients[bob].call("/ajax/chat/typ.php", {"to": me, "typ": 1})
        one.sees(".typing", "Bob Example is typing…")
        until("Carol's message", lambda: one.driver.title == "(1) fbchat")
        one.click("#buddy_button")
        until("a picture in the list", lambda: one.all("#online_list img[src*='/pics/q']"))
        one.driver.execute_script("document.activeElement.blur()")
        until("all pictures", lambda: one.js("[...document.images].every((image) => image.complete)"))
        self.screenshot(one, "desktop")


class Hardship(Case):
    def test_the_server_restarts(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        one.chat("Bob Example")
        one.send("before")
        one.receives("before")
        self.server.stop()
        try:
            one.sees("#state", "No connection to the server.")
            one.send("meanwhile")
            one.sees(".log .mark", "waiting for the server")
            self.screenshot(one, "outage")
        finally:
            self.server.start()
        for browser in (one, other):
            until("the connection", lambda: browser.text("#state") == [""])
        until("the message to be sent", lambda: not one.all(".log .pending"))
        self.assertEqual(one.messages(), ["before", "meanwhile"])
        self.assertEqual(Client(self.server, bob).history(self.server.uids[alice]), ["before", "meanwhile"])
        other.chat("Alice Example")
        other.receives("meanwhile")
        other.sees("#friend_list .state", "online")
        other.send("welcome back")
        one.receives("welcome back")
        until("the mark to go", lambda: not one.all(".log .mark"))
        # A proxy may answer in place of a stopped server.
        one.driver.execute_script("""const real = fetch; let left = 1;
            window.fetch = (path, options) => path.includes("send.php") && left-- > 0
                ? Promise.resolve(new Response("<h1>502 Bad Gateway</h1>", { status: 502 })) : real(path, options)""")
        one.send("through a proxy")
        other.receives("through a proxy")
        self.assertFalse(one.all(".log .wrong"))

    def test_a_proxy_that_ends_polls_early_is_not_noticed(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        # The poll of before ends, and the next ones are ended by a proxy after some seconds.
        one.driver.execute_script("""const state = document.getElementById("state"), real = fetch, ends = [504, 502, 408, null];
            Object.assign(window, { said: [], ended: 0, reconnected: 0 });
            new MutationObserver(() => said.push(state.textContent)).observe(state, { childList: true, characterData: true, subtree: true });
            window.fetch = (path, options) => {
                if (path.includes("reconnect.php")) reconnected += 1;
                if (!path.startsWith("/x/") || ended === ends.length) return real(path, options);
                const status = ends[ended++];
                return new Promise((done, fail) => setTimeout(() => status
                    ? done(new Response("<h1>No answer</h1>", { status })) : fail(new TypeError("Failed to fetch")), 2100));
            };
            dispatchEvent(new Event("online"));""")
        until("all polls to be ended", lambda: one.js("ended") == 4)
        Client(self.server, bob).send(self.server.uids[alice], "still there?")
        one.receives("still there?")
        self.assertEqual(one.js("said"), [])
        self.assertEqual(one.js("reconnected"), 0)
        # One that fails at once is repeated silently, too; what may have been missed is loaded again.
        one.driver.execute_script("""const real = fetch; window.quick = 0;
            window.fetch = (path, options) => path.startsWith("/x/") && !quick++
                ? Promise.resolve(new Response("<h1>Bad Gateway</h1>", { status: 502 })) : real(path, options);
            dispatchEvent(new Event("online"));""")
        until("the page to load again", lambda: one.js("quick > 1 && reconnected === 1"))
        Client(self.server, bob).send(self.server.uids[alice], "and now?")
        one.receives("and now?")
        self.assertEqual(one.js("said"), [])

    def on_every_page(self, browser, script):
        """Runs a script before those of every page, until the end of the test."""
        script = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        self.addCleanup(browser.driver.execute_cdp_cmd, "Page.removeScriptToEvaluateOnNewDocument", script)

    def test_a_browser_without_channels_between_tabs(self):
        """Safari before 15.4."""
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        self.on_every_page(one, "delete window.BroadcastChannel")
        one.enter(alice)
        one.chat("Bob Example")
        one.send("one tab is enough")
        one.receives("one tab is enough")
        Client(self.server, bob).send(self.server.uids[alice], "so it is")
        one.receives("so it is")

    def test_scripts_that_do_not_run(self):
        [alice] = self.accounts("Alice Example")
        one = self.one
        one.enter(alice)
        self.assertFalse(one.all("#not_started"))
        for script in ("main", "dom", "net", "people", "account", "bar", "chat"):
            with self.subTest(script):
                one.driver.execute_cdp_cmd("Network.enable", {})
                one.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": [f"*/assets/{script}.js"]})
                try:
                    one.open("/home.php")
                    self.assertIn("use a current Firefox", one.find("#not_started").text)
                    self.assertFalse(one.js("document.querySelector('#no_requests').checkVisibility()"))
                finally:
                    one.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
                    one.driver.execute_cdp_cmd("Network.disable", {})
        self.screenshot(one, "not-started")
        # One that is there and does not know something it needs.
        self.on_every_page(one, "delete window.matchMedia")
        one.open("/home.php")
        self.assertIn("use a current Firefox", one.find("#not_started").text)
        one.errors()  # all of this is reported

    def test_what_fails_later_is_not_called_a_connection(self):
        [alice] = self.accounts("Alice Example")
        one = self.one
        self.on_every_page(one, "delete Set.prototype.delete")
        one.log_in(alice)
        one.sees("#state", "This page does not work in this browser")
        one.driver.get("about:blank")  # it tries again and again
        one.errors()  # reported there as well

    def test_other_sites_act_for_nobody(self):
        [alice] = self.accounts("Alice Example")
        one = self.one
        one.enter(alice)
        uid = self.server.uids[alice]
        form = "<form method='post' action='{}'><input name='confirm' value='1' /><input type='submit' /></form>"
        link = "<a href='{}'>Win</a>"
        for html, path, click in ((form, "/logout.php", "[type=submit]"), (form, "/login.php", "[type=submit]"), (link, f"/x/0/true/p_{uid}=99?wait=0", "a")):
            with self.subTest(path):
                one.driver.get("data:text/html," + html.format(self.server.url + path))
                one.click(click)
                one.sees("#standard_error", "Only the pages of this server may do that.")
        # Links to pages work, and the login has lasted.
        one.driver.get("data:text/html," + link.format(self.server.url + "/home.php"))
        one.click("a")
        one.connected()
        one.errors()  # three times 403

    def test_pages_allow_nothing_from_elsewhere(self):
        [alice] = self.accounts("Alice Example")
        one = self.one
        one.enter(alice)
        blocked = """(() => { const script = document.createElement("script"); script.textContent = "document.title = 'hit'";
            document.body.append(script); return document.title })()"""
        self.assertEqual(one.js(blocked), "fbchat")
        until("the refusal", lambda: any("Content Security Policy" in text for text in one.errors()))
        for path in ("/login.php", "/register.php", "/home.php", "/reqs.php", "/nothing.php", f"/profile.php?id={self.server.uids[alice]}"):
            with self.subTest(path):
                policy = """const done = arguments[1]; fetch(arguments[0]).then((answer) => done(
                    [answer.headers.get("content-security-policy"), answer.headers.get("x-frame-options")]))"""
                policy, frame = one.driver.execute_async_script(policy, path)
                self.assertIn("default-src 'self'", policy)
                self.assertNotIn("unsafe", policy)
                self.assertEqual(frame, "DENY")
        one.errors()  # one of those pages does not exist
