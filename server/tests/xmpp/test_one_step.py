"""Logging in, binding, coming back and tokens in one step (SASL2, Bind2, FAST), by hand."""

import asyncio
import base64
import hashlib
import hmac
import xml.etree.ElementTree as ET

from case import DOMAIN, Case, Raw, jid, until
from clients import PASSWORD

SASL2, BIND2, FAST, SM = "urn:xmpp:sasl:2", "urn:xmpp:bind:0", "urn:xmpp:fast:0", "urn:xmpp:sm:3"
AGENT = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>Tester</software><device>Desk</device></user-agent>"
REQUEST = f"<request-token xmlns='{FAST}' mechanism='HT-SHA-256-NONE'/>"


def bind(more=""):
    return f"<bind xmlns='{BIND2}'><tag>App</tag>{more}</bind>"


class Success:
    """What a client is told that is logged in."""

    def __init__(self, text):
        self.element = ET.fromstring(text)

    def find(self, path):
        return self.element.find(path.format(s=f"{{{SASL2}}}", b=f"{{{BIND2}}}", f=f"{{{FAST}}}", m=f"{{{SM}}}"))

    @property
    def address(self):
        return self.find("{s}authorization-identifier").text

    @property
    def token(self):
        return self.find("{f}token").attrib["token"]


class OneStep(Case):
    def ask(self, mechanism, response, *parts):
        """A stream that asks for everything, and the answer."""
        raw = self.raw().send(Raw.OPEN)
        self.assertIn("HT-SHA-256-NONE", raw.read("</stream:features>"))
        parts = "".join(parts)
        text = base64.b64encode(response).decode()
        raw.send(f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'><initial-response>{text}</initial-response>{AGENT}{parts}"
                 "</authenticate>")
        return raw

    def told(self, raw):
        answer = Success(raw.read("</success>"))
        # There is no other stream.
        self.assertNotIn("<bind ", raw.read("</stream:features>"))
        return raw, answer

    def password(self, username, *parts):
        return self.told(self.ask("PLAIN", f"\0{username}\0{PASSWORD}".encode(), *parts))

    def shown(self, username, token):
        return f"{username}\0".encode() + hmac.digest(token.encode(), b"Initiator", hashlib.sha256)

    def token(self, username, token, *parts, fast=f"<fast xmlns='{FAST}'/>"):
        raw, answer = self.told(self.ask("HT-SHA-256-NONE", self.shown(username, token), fast, *parts))
        proof = base64.b64decode(answer.find("{s}additional-data").text)
        self.assertEqual(proof, hmac.digest(token.encode(), b"Responder", hashlib.sha256))
        return raw, answer

    def refused(self, username, token):
        raw = self.ask("HT-SHA-256-NONE", self.shown(username, token), f"<fast xmlns='{FAST}'/>", bind())
        return "<not-authorized " in raw.read("</failure>")

    def leave(self, raw):
        raw.send("</stream:stream>").rest()

    async def logins(self, web):
        found = (await asyncio.to_thread(web.call, "/ajax/fbchat/sessions.php"))["sessions"]
        return [login for login in found if login["client"].startswith("XMPP")]

    async def test_a_token_is_a_login_that_is_listed_and_revoked(self):
        [ann] = self.accounts("Ann Example")
        web = await self.web("Ann")
        raw, first = await asyncio.to_thread(self.password, ann, bind(f"<enable xmlns='{SM}' resume='true'/>"), REQUEST)
        self.assertRegex(first.address, rf"^{jid(ann)}/App\.[0-9a-f]{{16}}$")
        self.assertEqual(first.find("{b}bound/{m}enabled").attrib["resume"], "true")
        self.assertRegex(first.find("{f}token").attrib["expiry"], r"^20\d\d-.*Z$")
        [login] = await self.logins(web)
        self.assertEqual(login["client"], "XMPP: Tester (Desk)")
        await asyncio.to_thread(self.leave, raw)
        # The same client has the same resource, and its earlier stream makes room.
        raw, second = await asyncio.to_thread(self.token, ann, first.token, bind())
        self.assertEqual(second.address, first.address)
        other, _ = await asyncio.to_thread(self.token, ann, first.token, bind())
        self.assertIn("<conflict ", await asyncio.to_thread(raw.rest))
        other.send("<presence/>")
        # A login ends where it is listed, while its client is connected and afterwards.
        login, = await self.logins(web)
        await asyncio.to_thread(web.call, "/ajax/fbchat/sessions.php", {"end": login["id"]})
        self.assertIn("<not-authorized ", await asyncio.to_thread(other.rest))
        self.assertTrue(await asyncio.to_thread(self.refused, ann, first.token))
        raw, third = await asyncio.to_thread(self.password, ann, bind(), REQUEST)
        await asyncio.to_thread(self.leave, raw)
        await asyncio.to_thread(web.call, "/ajax/fbchat/password.php", {"old": PASSWORD, "new": "another horse"})
        self.assertTrue(await asyncio.to_thread(self.refused, ann, third.token))
        self.assertEqual(await self.logins(web), [])

    async def test_tokens_are_replaced_and_given_up(self):
        [bob] = self.accounts("Bob Example")
        web = await self.web("Bob")
        raw, first = await asyncio.to_thread(self.password, bob, bind(), REQUEST)
        await asyncio.to_thread(self.leave, raw)
        raw, second = await asyncio.to_thread(self.token, bob, first.token, bind(), REQUEST)
        # The first one lasts until the client is known to have the second.
        raw.send("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")
        await asyncio.to_thread(raw.read, "id='p'")
        self.assertTrue(await asyncio.to_thread(self.refused, bob, first.token))
        self.assertEqual(len(await self.logins(web)), 1)
        await asyncio.to_thread(self.leave, raw)
        await asyncio.to_thread(self.site.stop)
        await asyncio.to_thread(self.site.start)
        raw, _ = await asyncio.to_thread(self.token, bob, second.token, bind(), fast=f"<fast xmlns='{FAST}' invalidate='true'/>")
        await asyncio.to_thread(self.leave, raw)
        await until("the end of the token", lambda: self.refused(bob, second.token))
        # What another login has is of no use as a token, nor is the token of somebody else.
        self.accounts("Cy Example")
        raw, third = await asyncio.to_thread(self.password, bob, bind(), REQUEST)
        self.assertTrue(await asyncio.to_thread(self.refused, self.username("Cy"), third.token))

    async def test_a_client_comes_back_in_one_step_or_gets_a_new_resource(self):
        dan, eve = self.accounts("Dan Example", "Eve Example")
        other = await self.person(eve).log_in()
        enable = f"<enable xmlns='{SM}' resume='true'/>"
        raw, first = await asyncio.to_thread(self.password, dan, bind(f"<enable xmlns='urn:xmpp:carbons:2'/>{enable}"), REQUEST)
        name = first.find("{b}bound/{m}enabled").attrib["id"]
        raw.send("<presence/>")
        await asyncio.to_thread(raw.read, "<presence ")
        raw.close()
        other.send_message(jid(dan), "while it was away", mtype="chat")
        resume = f"<resume xmlns='{SM}' previd='{name}' h='1000'/>"
        raw = await asyncio.to_thread(self.ask, "HT-SHA-256-NONE", self.shown(dan, first.token), f"<fast xmlns='{FAST}'/>", resume)
        self.assertIn("undefined-condition", await asyncio.to_thread(raw.rest))
        raw, again = await asyncio.to_thread(self.token, dan, first.token, bind(enable), resume.replace("1000", "0"))
        # That was too much, and ended the session: there is a new one.
        self.assertIsNotNone(again.find("{m}failed"))
        name = again.find("{b}bound/{m}enabled").attrib["id"]
        raw.send("<presence/>")
        await asyncio.to_thread(raw.read, "while it was away")
        raw.close()
        raw, again = await asyncio.to_thread(self.token, dan, first.token, bind(), resume.replace("1000", "0").replace(
            resume.split("'")[3], name))
        self.assertEqual(again.find("{m}resumed").attrib, {"previd": name, "h": "1"})
        await asyncio.to_thread(raw.read, "while it was away")
        raw.send(f"<message to='{jid(eve)}' type='chat'><body>back</body></message>")
        self.assertEqual((await other.text())["body"], "back")

    async def test_without_a_resource_the_client_binds_afterwards(self):
        [fay] = self.accounts("Fay Example")

        def talk():
            raw = self.ask("PLAIN", f"\0{fay}\0{PASSWORD}".encode())
            self.assertIn(f">{fay}@{DOMAIN}<", raw.read("</success>"))
            self.assertIn("<bind ", raw.read("</stream:features>"))
            raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>")
            return raw.read("</iq>")

        self.assertIn(f"{jid(fay)}/r", await asyncio.to_thread(talk))
        for mechanism, response, condition in [("PLAIN", b"x", "malformed-request"), ("X", b"", "invalid-mechanism"),
                                               ("PLAIN", f"\0{fay}\0wrong".encode(), "not-authorized")]:
            raw = await asyncio.to_thread(self.ask, mechanism, response, bind())
            self.assertIn(f"<{condition} ", await asyncio.to_thread(raw.read, "</failure>"))
