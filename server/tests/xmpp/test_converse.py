"""converse.js in Chromium, over WebSocket. The page is on another port of the same name."""

import asyncio
import functools
import http.server
import json
import os
import threading

import fbchat_testkit
from browser import Browser
from case import DOMAIN, Case, jid, until
from clients import PASSWORD

PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>converse.js</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="dist/converse.min.css">
<body class="converse-fullscreen"><script type="module">
import "/dist/converse.min.js";
window.converse.initialize(%s);
</script>"""


class Pages(http.server.SimpleHTTPRequestHandler):
    page = b""

    def do_GET(self):
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *words):
        pass


class Converse(Case):
    async def test_converse_sees_a_friend_and_chats(self):
        ann, bob = self.accounts("Ann Example", "Bob B. Example")
        settings = {
            "websocket_url": f"ws://{self.site.server.address.replace('127.0.0.1', DOMAIN)}/xmpp-websocket",
            "jid": jid(ann), "password": PASSWORD, "authentication": "login", "auto_login": True, "view_mode": "fullscreen", "assets_path": "/dist/", "i18n": "en",
            "discover_connection_methods": False, "allow_registration": False, "loglevel": "warn",
            "blacklisted_plugins": ["converse-omemo"],
        }
        Pages.page = (PAGE % json.dumps(settings)).encode()
        pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(
            Pages, directory=os.path.join(self.site.clients, "converse/package")))
        self.addCleanup(pages.server_close)
        self.addCleanup(pages.shutdown)
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        browser = await asyncio.to_thread(Browser, "converse")
        self.addCleanup(browser.discard)
        other = await self.person(bob).log_in()
        await asyncio.to_thread(browser.driver.get, f"http://{DOMAIN}:{pages.server_port}/")
        try:
            await other.friend(ann)
            await asyncio.to_thread(self.chat, browser, "hello from converse.js")
            self.assertEqual((await other.text())["body"], "hello from converse.js")
            other.send_message(jid(ann), "hello back", mtype="chat")
            await until("the answer", lambda: "hello back" in browser.js("document.body.innerText"))
        finally:
            picture = os.path.join(self.site.artefacts, "converse.png")
            await asyncio.to_thread(browser.driver.save_screenshot, picture)

    def chat(self, browser, text):
        """Opens the conversation with Bob, and says something."""
        bob = "[...document.querySelectorAll('a.open-chat')].find((one) => one.textContent.includes('Bob B.'))"
        browser.driver.execute_script("arguments[0].click()", fbchat_testkit.until("Bob in the roster", lambda: browser.js(bob)))
        browser.find("textarea.chat-textarea").send_keys(text + "\n")
