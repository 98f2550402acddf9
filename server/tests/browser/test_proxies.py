"""The server behind nginx and behind Caddy, as in docs/server.md: browsers, the terminal client, clients of 2008."""

import os
import threading
import urllib.parse

from case import Case, Site
from clients import Client, PASSWORD, Terminal
from pictures import portrait
from reverse_proxies import Caddy, Nginx

# The answer of the service for XMPP, by whatever name the page has.
WEB_SOCKET = """
    const done = arguments[arguments.length - 1];
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/xmpp-websocket", "xmpp");
    socket.onopen = () => socket.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>");
    socket.onmessage = (message) => { done(message.data); socket.close(); };
    socket.onclose = (event) => done(`closed with ${event.code}`);"""
# A client of XMPP uploads a file, larger than proxies let pass by themselves, and gets it again.
UPLOAD = """
    const [login, size, done] = arguments;
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/xmpp-websocket", "xmpp");
    const iq = (kind, content) => socket.send(`<iq xmlns='jabber:client' id='1' ${kind}>${content}</iq>`);
    const begin = () => socket.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>");
    const transfer = async (slot) => {
        const urls = Array.from(new DOMParser().parseFromString(slot, "text/xml").querySelectorAll("[url]"));
        const [put, get] = urls.map((element) => element.getAttribute("url").replace("https://localhost", location.origin));
        const sent = await fetch(put, {method: "PUT", body: new Uint8Array(size).fill(65)});
        const content = await (await fetch(get)).text();
        done([sent.status, content === "A".repeat(size)]);
        socket.close();
    };
    socket.onopen = begin;
    socket.onmessage = ({data}) => {
        if (data.includes("<mechanisms "))
            socket.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${btoa(login)}</auth>`);
        else if (data.includes("<success "))
            begin();
        else if (data.includes("<stream:features"))
            iq("type='set'", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>");
        else if (data.includes("<bind "))
            iq("type='get' to='upload.localhost'", `<request xmlns='urn:xmpp:http:upload:0' filename='a.txt' size='${size}'/>`);
        else if (data.includes("<slot "))
            transfer(data).catch((error) => done(String(error)));
    };
    socket.onclose = (event) => done(`closed with ${event.code}`);"""


class Behind(Case):
    def setUp(self):
        super().setUp()
        self.proxy = None

    def tearDown(self):
        if self.proxy:
            self.proxy.discard()
        super().tearDown()

    def test_nginx(self):
        self.all_through(Nginx)

    def test_caddy(self):
        self.all_through(Caddy)

    def all_through(self, proxy):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        self.proxy = proxy(self.server)
        self.browser_and_terminal(alice, bob)
        self.old_client(bob)
        client = Client(self.proxy, bob, ca=self.proxy.ca)
        # As large as the server accepts it.
        picture = portrait((1, 2, 3)).ljust(2**20, b"\0")
        self.assertIn("/pics/q", client.upload(picture)["thumbSrc"])
        self.assertTrue(client.call("/ajax/fbchat/profile.php")["thumbSrc"].startswith(self.proxy.url + "/pics/"))

    def browser_and_terminal(self, alice, bob):
        one = self.one
        one.url = self.proxy.url
        one.enter(alice)
        self.assertTrue(one.driver.current_url.startswith(self.proxy.url + "/home.php"))
        cookies = {cookie["name"]: cookie["secure"] for cookie in one.driver.get_cookies()}
        self.assertTrue(cookies["xs"] and cookies["c_user"], cookies)
        password = os.path.join(self.server.data, "password")
        terminal = Terminal(self.options.fbchat, self.proxy, bob, password, "--ca-file", self.proxy.ca)
        try:
            terminal.wait("buddy_list")
            one.sees("#friend_list .state", "online")
            one.chat("Bob Example")
            one.send("through a proxy 😀")
            terminal.wait("message", text="through a proxy 😀", own=False)
            terminal.type("Alice: and back")
            one.receives("and back")
        finally:
            terminal.discard()
        self.assertIn("<open xmlns=", one.driver.execute_async_script(WEB_SOCKET))
        login = "\0".join(["", alice.replace("@", "\\40"), PASSWORD])
        self.assertEqual(one.driver.execute_async_script(UPLOAD, login, 3 << 20), [201, True])
        one.click("#logout_form button")
        one.find("#login_form")
        self.assertTrue(one.driver.current_url.startswith(self.proxy.url + "/login.php"))

    def old_client(self, email):
        """Over HTTP/1.0 and from an address of its own, with a forged header for another one."""
        form = urllib.parse.urlencode({"email": email, "pass": PASSWORD})
        head, _ = self.ask("POST", "/login.php", "isfbe=false;test_cookie=1", form)
        self.assertIn(f"\r\nLocation: {self.proxy.url}/home.php\r\n", head)
        cookies = [line.removeprefix("Set-Cookie: ").split(";")[0] for line in head.split("\r\n") if line.startswith("Set-Cookie: ")]
        cookie = "; ".join(cookies)
        uid = self.server.uids[email]
        self.assertEqual(cookies[0], f"c_user={uid}")
        self.assertIn('"address":"127.0.0.2"', self.ask("GET", "/ajax/fbchat/sessions.php", cookie)[1])
        _, begin = self.ask("GET", f"/x/0/false/p_{uid}=-1", cookie)
        seq = int(begin.split('"seq":')[1].rstrip("}"))
        poll = []
        waiting = threading.Thread(target=lambda: poll.append(self.ask("GET", f"/x/0/false/p_{uid}={seq}", cookie)[1]))
        waiting.start()
        Client(self.server, email).send(uid, "a note")
        waiting.join()
        self.assertIn('"text":"a note"', poll[0])

    def ask(self, method, path, cookie, body=""):
        head = f"{method} {path} HTTP/1.0\r\nHost: localhost:{self.proxy.port}\r\nX-Forwarded-For: 203.0.113.9\r\nCookie: {cookie}\r\n"
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        with self.proxy.connect("127.0.0.2") as connection:
            connection.sendall((head + body).encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, body = answer.decode().split("\r\n\r\n", 1)
        self.assertIn(f"\r\nContent-Length: {len(body.encode())}\r\n", head + "\r\n")
        return head, body

    def test_a_proxy_that_is_not_trusted(self):
        """Its browsers can log in and out, but the server ignores the address and the TLS that it reports."""
        server = Site(self.options.fbchatd, os.path.join(self.options.artefacts, "browser-server-untrusted.log"), trusted=())
        server.account("alice@example.org", "Alice Example")
        server.start()
        try:
            self.proxy = Nginx(server)
            one = self.one
            one.url = self.proxy.url
            one.open("/")
            one.find("#login_form")
            one.enter("alice@example.org")
            self.assertTrue(one.driver.current_url.startswith(self.proxy.url + "/home.php"))
            one.click("a[href='#settings']")
            one.sees("#session_list li", "from 127.0.0.1")
            self.screenshot(one, "proxy-settings")
            one.click("#logout_form button")
            one.find("#login_form")
            self.assertTrue(one.driver.current_url.startswith(self.proxy.url + "/login.php"))
            form = urllib.parse.urlencode({"email": "alice@example.org", "pass": PASSWORD})
            head, _ = self.ask("POST", "/login.php", "test_cookie=1", form)
            self.assertIn(f"\r\nLocation: http://localhost:{self.proxy.port}/home.php\r\n", head)
            self.assertNotIn("Secure", head)
            sessions = [line.split()[3] for line in server.admin("session", "list").splitlines()]
            self.assertEqual(sessions, ["127.0.0.1"])
        finally:
            server.discard()
