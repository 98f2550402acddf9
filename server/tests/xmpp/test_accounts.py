"""Signing up, changing the password, and searching for people."""

import asyncio
import base64

from case import DOMAIN, Case, Raw, Site, jid
from clients import PASSWORD

REGISTER, SEARCH = "jabber:iq:register", "jabber:iq:search"


def iq(kind, namespace, content, number="1"):
    return f"<iq type='{kind}' id='{number}' to='{DOMAIN}'><query xmlns='{namespace}'>{content}</query></iq>"


def form(kind, /, **fields):
    fields = {"FORM_TYPE": kind, **fields}
    values = "".join(f"<field var='{field}'><value>{value}</value></field>" for field, value in fields.items())
    return f"<x xmlns='jabber:x:data' type='submit'>{values}</x>"


class Accounts(Case):
    def opened(self, site=None):
        raw = self.raw((site or self.site).xmpp).send(Raw.OPEN)
        return raw, raw.read("</stream:features>")

    def logged_in(self, username, password=PASSWORD, site=None):
        raw, _ = self.opened(site)
        secret = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
        raw.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>").read("<success")
        raw.read("/>")
        raw.send(Raw.OPEN).read("</stream:features>")
        raw.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>").read("</iq>")
        return raw

    def ask(self, raw, kind, namespace, content):
        raw.send(iq(kind, namespace, content)).read("<iq ")
        answer = raw.read(">")
        return answer if answer.endswith("/>") else answer + raw.read("</iq>")

    async def test_nobody_signs_up_where_the_operator_adds_accounts(self):
        raw, features = await asyncio.to_thread(self.opened)
        self.assertNotIn("<register", features)
        for kind in ("get", "set"):
            self.assertIn("<not-allowed ", await asyncio.to_thread(self.ask, raw, kind, REGISTER, ""))

    async def test_people_with_an_invitation_sign_up(self):
        site = Site(self.site.fbchatd, self.site.artefacts, self.site.clients, settings='registration = "invite"\n')
        self.addCleanup(site.discard)
        await asyncio.to_thread(site.start)
        code = site.admin("invite").split("invite=")[1].split()[0]
        raw, features = await asyncio.to_thread(self.opened, site)
        self.assertIn("<register ", features)
        questions = await asyncio.to_thread(self.ask, raw, "get", REGISTER, "")
        for name in ("username", "name", "email", "password", "invite"):
            self.assertIn(f"var='{name}'", questions)

        def sign_up(**fields):
            fields = {"username": "nina", "name": "Nina New", "email": "nina@example.org", "password": PASSWORD, **fields}
            return self.ask(raw, "set", REGISTER, form(REGISTER, **fields))

        for fields, condition in [({}, "not-acceptable"), ({"invite": "00"}, "not-acceptable"), ({"invite": code, "password": "x"}, "not-acceptable"),
                                  ({"invite": code, "username": "@"}, "not-acceptable"), ({"invite": code, "username": "admin"}, "conflict")]:
            with self.subTest(fields):
                self.assertIn(f"<{condition} ", await asyncio.to_thread(sign_up, **fields))
        self.assertIn("type='result'", await asyncio.to_thread(sign_up, invite=code))
        self.assertIn("<not-acceptable ", await asyncio.to_thread(sign_up, invite=code, username="other", email="o@example.org"))
        await asyncio.to_thread(self.logged_in, "nina", site=site)

    async def test_a_new_password_needs_the_old_one_and_ends_other_logins(self):
        [ann] = self.accounts("Ann Example")
        raw = await asyncio.to_thread(self.logged_in, ann)
        other = await self.person(ann, resource="other").log_in()
        self.assertIn(f"<username>{ann}</username>", await asyncio.to_thread(self.ask, raw, "get", REGISTER, ""))

        def change(**fields):
            return self.ask(raw, "set", REGISTER, form(REGISTER + ":changepassword", **fields))

        plain = f"<username>{ann}</username><password>another horse</password>"
        told = await asyncio.to_thread(self.ask, raw, "set", REGISTER, plain)
        self.assertIn("var='old_password'", told)
        self.assertIn("<not-acceptable ", told)
        self.assertIn("<not-authorized ", await asyncio.to_thread(change, old_password="wrong", password="another horse"))
        self.assertIn("<not-acceptable ", await asyncio.to_thread(change, old_password=PASSWORD, password="short"))
        self.assertIn("type='result'", await asyncio.to_thread(change, old_password=PASSWORD, password="another horse"))
        self.assertEqual((await other.wait("stream_error"))["condition"], "not-authorized")
        await asyncio.to_thread(self.logged_in, ann, "another horse")
        self.assertIn("<not-allowed ", await asyncio.to_thread(self.ask, raw, "set", REGISTER, "<remove/>"))

    async def test_people_are_found_as_on_the_page(self):
        bob, fay = self.accounts("Bob Example", "Fay Findable", friends=False)
        raw = await asyncio.to_thread(self.logged_in, bob)
        self.assertIn("var='nick'", await asyncio.to_thread(self.ask, raw, "get", SEARCH, ""))
        for content in ("<nick>Findable</nick>", f"<email>{self.email('Fay')}</email>", form(SEARCH, nick="Fay Fi")):
            found = await asyncio.to_thread(self.ask, raw, "set", SEARCH, content)
            self.assertIn(jid(fay), found)
            self.assertIn("Fay Findable", found)
        self.assertIn("<not-acceptable ", await asyncio.to_thread(self.ask, raw, "set", SEARCH, "<nick>F</nick>"))
