"""XMPP over WebSocket, by hand: the handshake, the frames, and how they end."""

import asyncio
import base64
import json
import os
import socket
import ssl
import struct
import urllib.request

from case import DOMAIN, Case
from clients import PASSWORD
from fbchat_testkit import LIMIT

OPEN = f'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="{DOMAIN}" version="1.0"/>'
CLOSE = '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>'
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"


class Web:
    """A WebSocket by hand."""

    def __init__(self, address, certificate=None, **headers):
        self.socket = socket.create_connection(address, LIMIT)
        if certificate:
            context = ssl.create_default_context(cafile=certificate)
            self.socket = context.wrap_socket(self.socket, server_hostname=DOMAIN)
        headers = {"Host": DOMAIN, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": "xmpp",
                   **{name.replace("_", "-"): value for name, value in headers.items()}}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        self.socket.sendall(f"GET /xmpp-websocket HTTP/1.1\r\n{lines}\r\n".encode())
        self.received = b""
        while b"\r\n\r\n" not in self.received:
            self.more()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        self.status = int(self.head.split()[1])

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError(f"the connection ended after {self.received!r}")
        self.received += data

    def frame(self, kind, payload, last=True):
        mask = os.urandom(4)
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else struct.pack("!BH", 0x80 | 126, length) if length < 65536 \
            else struct.pack("!BQ", 0x80 | 127, length)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.socket.sendall(bytes([kind | (0x80 if last else 0)]) + size + mask + masked)

    def say(self, text):
        self.frame(1, text.encode())

    def next(self):
        """The kind and the payload of the next frame."""
        while True:
            if len(self.received) >= 2:
                size, start = self.received[1], 2
                if size == 126:
                    size, start = int.from_bytes(self.received[2:4], "big"), 4
                elif size == 127:
                    size, start = int.from_bytes(self.received[2:10], "big"), 10
                if len(self.received) >= start + size:
                    kind, payload = self.received[0] & 15, self.received[start:start + size]
                    self.received = self.received[start + size:]
                    return kind, payload
            self.more()

    def heard(self, part):
        """The next message that has this in it."""
        while True:
            kind, payload = self.next()
            if kind == 8:
                raise AssertionError(f"the WebSocket was closed before {part!r}")
            if kind == 1 and part in payload.decode():
                return payload.decode()

    def log_in(self, username, resource="web"):
        self.say(OPEN)
        self.heard("<open ")
        self.heard("PLAIN")
        secret = base64.b64encode(f"\0{username}\0{PASSWORD}".encode()).decode()
        self.say(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
        self.heard("<success ")
        self.say(OPEN)
        self.heard("<stream:features ")
        bind = f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind>"
        self.say(f"<iq xmlns='jabber:client' type='set' id='b'>{bind}</iq>")
        return self.heard("id='b'")

    def close(self):
        self.socket.close()


class WebSocket(Case):
    def web_socket(self, tls=True, **headers):
        host, port = self.site.server.address.split(":")
        address, certificate = (("127.0.0.1", self.site.tls), self.site.certificate) if tls else ((host, int(port)), None)
        web = Web(address, certificate, **headers)
        self.addCleanup(web.close)
        return web

    async def test_a_client_chats_and_both_sides_can_close(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(bob).log_in()

        def talk():
            web = self.web_socket()
            self.assertEqual(web.status, 101)
            self.assertIn("\r\nsec-websocket-protocol: xmpp", web.head.lower())
            self.assertIn(f"{ann}@{DOMAIN}/web", web.log_in(ann))
            web.say("<presence xmlns='jabber:client'/>")
            # In pieces, with a ping between them.
            web.frame(1, f"<message xmlns='jabber:client' to='{bob}@{DOMAIN}' type='chat'><bo".encode(), last=False)
            web.frame(9, b"here?")
            web.frame(0, "dy>&lt;\N{GRINNING FACE}&gt;</body></message>".encode())
            while web.next() != (10, b"here?"):
                pass
            return web

        web = await asyncio.to_thread(talk)
        self.assertEqual((await other.text())["body"], "<\N{GRINNING FACE}>")
        other.send_message(f"{ann}@{DOMAIN}", "back", mtype="chat")
        message = await asyncio.to_thread(web.heard, "<body>back</body>")
        self.assertTrue(message.startswith("<message xmlns='jabber:client' "), message)

        def end(web, closes):
            if closes:
                web.say(CLOSE)
            web.heard("<close ")
            self.assertEqual(web.next()[0], 8)
            web.frame(8, b"\x03\xe8")
            self.assertEqual(web.socket.recv(1), b"")

        await asyncio.to_thread(end, web, True)
        # The login is one of those that can be ended elsewhere.
        again = await asyncio.to_thread(self.web_socket)
        await asyncio.to_thread(again.log_in, ann, "revoked")
        page = await self.web("Ann")
        logins = (await asyncio.to_thread(page.call, "/ajax/fbchat/sessions.php"))["sessions"]
        login = next(login for login in logins if login["client"] == "XMPP: revoked")
        await asyncio.to_thread(page.call, "/ajax/fbchat/sessions.php", {"end": login["id"]})
        self.assertIn("not-authorized", await asyncio.to_thread(again.heard, "<stream:error "))
        await asyncio.to_thread(end, again, False)

    async def test_what_is_no_client_of_xmpp_is_refused(self):
        for status, tls, headers in [
            (400, True, {"Sec_WebSocket_Protocol": "mqtt"}),
            (400, True, {"Upgrade": None}),
            (400, True, {"Sec_WebSocket_Version": "8"}),
            (403, True, {"Origin": "https://example.org"}),
            # This machine needs no TLS; a proxy here tells of clients that came without.
            (101, False, {"Origin": "http://localhost:8000"}),
            (101, False, {"X_Forwarded_Proto": "https"}),
            (403, False, {"X_Forwarded_Proto": "http"}),
        ]:
            with self.subTest(headers):
                web = await asyncio.to_thread(self.web_socket, tls, **headers)
                self.assertEqual(web.status, status, web.head)

        def told(*frames):
            web = self.web_socket()
            for kind, payload in frames:
                web.frame(kind, payload)
            messages = []
            while True:
                kind, payload = web.next()
                if kind == 8:
                    return " ".join(messages)
                messages.append(payload.decode())

        for frames, condition in [
            ([(1, OPEN.encode()), (1, b"<a>" * 40)], "policy-violation"),
            ([(1, OPEN.encode()), (1, b"<a>" + b"x" * 20_000)], "policy-violation"),
            ([(1, b"<stream:stream/>")], "not-well-formed"),
            ([(1, OPEN.encode()), (2, b"<presence/>")], "<open "),
        ]:
            with self.subTest(frames[-1][1][:20]):
                self.assertIn(condition, await asyncio.to_thread(told, *frames))

    async def test_clients_find_it(self):
        def get(path):
            context = ssl.create_default_context(cafile=self.site.certificate)
            url = f"https://localhost:{self.site.tls}/.well-known/{path}"
            with urllib.request.urlopen(url, context=context, timeout=LIMIT) as answer:
                self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
                return answer.read().decode()

        href = f"wss://localhost:{self.site.tls}/xmpp-websocket"
        self.assertIn(f"rel='urn:xmpp:alt-connections:websocket' href='{href}'", await asyncio.to_thread(get, "host-meta"))
        links = json.loads(await asyncio.to_thread(get, "host-meta.json"))["links"]
        self.assertEqual(links, [{"rel": "urn:xmpp:alt-connections:websocket", "href": href}])
