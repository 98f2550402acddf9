"""Input that no client should send gets the stated error, and the server goes on."""

import asyncio
import base64

from case import DOMAIN, Case, Raw, jid
from clients import PASSWORD


class BadInput(Case):
    def ended(self, *data):
        """All that the server answers before it closes the connection."""
        raw = self.raw()
        for part in data:
            raw.send(part)
        return raw.rest()

    async def test_what_is_no_stream_is_closed_with_its_error(self):
        for data, condition in [
            ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "not-well-formed"),
            (b"\x16\x03\x01\x02\x00\x01", "not-well-formed"),
            ("<!DOCTYPE lolz [<!ENTITY lol 'lol'>]><lolz>&lol;</lolz>", "not-well-formed"),
            (Raw.OPEN + "<?pi?>", "restricted-xml"),
            (Raw.OPEN + "<!-- -->", "restricted-xml"),
            (Raw.OPEN + "<a>&lol;</a>", "restricted-xml"),
            (Raw.OPEN + "<a>" * 40, "policy-violation"),
            (Raw.OPEN + "<a" + "".join(f" b{number}=''" for number in range(65)) + "/>", "policy-violation"),
            (Raw.OPEN + "<a>" + "x" * 20_000, "policy-violation"),
            (Raw.OPEN + "<a b='" + "x" * 20_000, ("policy-violation", "restricted-xml")),
            (Raw.OPEN.encode() + b"<a>\xff\xfe</a>", "not-well-formed"),
            (Raw.OPEN.replace(f"to='{DOMAIN}'", "to='example.org'"), "host-unknown"),
            (Raw.OPEN.replace("version='1.0' xmlns=", "xmlns="), "unsupported-version"),
            (Raw.OPEN.replace("etherx", "x"), "invalid-namespace"),
            (Raw.OPEN + "<message to='a@localhost'><body>hi</body></message>", "not-authorized"),
        ]:
            with self.subTest(data[:80]):
                told = await asyncio.to_thread(self.ended, data)
                conditions = condition if isinstance(condition, tuple) else (condition,)
                self.assertTrue(any(f"<{name} " in told for name in conditions), told)
                self.assertTrue(told.endswith("</stream:stream>"), told)

    async def test_logins_that_make_no_sense_are_failures_and_the_third_ends_the_stream(self):
        def fail(*logins):
            raw = self.raw().send(Raw.OPEN)
            raw.read("</stream:features>")
            for mechanism, text, condition in logins:
                sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
                raw.send(f"<auth xmlns='{sasl}' mechanism='{mechanism}'>{text}</auth>")
                self.assertIn(f"<{condition}/>", raw.read("</failure>"))
            return raw.rest()

        encoded = base64.b64encode(b"bob").decode()
        foreign = base64.b64encode(b"a@example.org\0bob\0x").decode()
        for logins in [
            [("PLAIN", "%%%", "incorrect-encoding"), ("DIGEST-MD5", "", "invalid-mechanism"),
             ("PLAIN", encoded, "malformed-request")],
            [("PLAIN", foreign, "invalid-authzid")] * 3,
        ]:
            self.assertIn("policy-violation", await asyncio.to_thread(fail, *logins))

    async def test_clients_that_are_silent_or_slow_are_closed(self):
        def slow():
            raw = self.raw().send(Raw.OPEN)
            raw.read("</stream:features>")
            raw.socket.settimeout(0.5)
            raw.send("<a>")
            while True:
                try:
                    return raw.read("connection-timeout")
                except TimeoutError:
                    # It is never silent for long, and never gets to an end.
                    raw.send("x")

        silent = asyncio.to_thread(self.ended, Raw.OPEN)
        told, _ = await asyncio.gather(silent, asyncio.to_thread(slow))
        self.assertIn("connection-timeout", told)

    async def test_stanzas_that_make_no_sense_get_the_stated_answer(self):
        ann, bob, cy = self.accounts("Ann Example", "Bob Example", "Cy Example")

        def talk():
            raw = self.session(bob)
            answers = []
            for stanza in [
                "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
                "<iq id='1' type='odd'/>",
                "<iq id='2' type='get'><a xmlns='b'/></iq>",
                f"<iq id='3' type='get' to='{jid(ann)}/fbchat'><ping xmlns='urn:xmpp:ping'/></iq>",
                "<iq id='4' type='get' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>",
                "<message id='5' to='ann@example.org'><body>x</body></message>",
                f"<message id='6' to='{jid(ann)}' type='groupchat'><body>x</body></message>",
                f"<message id='7' to='{jid(cy)}'><body>x</body></message>",
                f"<message id='7' to='nobody.here@{DOMAIN}'><body>x</body></message>",
                f"<message id='8' to='{jid(ann)}'><body>{'x' * 20_001}</body></message>",
                f"<message id='9' to='{jid(ann)}'><body>&#x9;</body></message>",
                "<message id='10' to='@@'><body>x</body></message>",
                "<iq id='11' type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='x'><item/></publish></pubsub></iq>",
            ]:
                raw.send(stanza)
            raw.send("<iq id='last' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
            answers = raw.read("id='last'")
            raw.send(f"<message from='{jid(ann)}' to='{jid(bob)}'><body>x</body></message>")
            return answers, raw.rest()

        answers, rest = await asyncio.to_thread(talk)
        for number, condition in [(1, "bad-request"), (2, "service-unavailable"), (3, "service-unavailable"),
                                  (4, "remote-server-not-found"), (5, "remote-server-not-found"),
                                  (6, "service-unavailable"), (7, "service-unavailable"), (8, "not-acceptable"),
                                  (10, "jid-malformed"), (11, "feature-not-implemented")]:
            answer = answers.split(f"id='{number}'")[1].split("</error>")[0]
            self.assertIn(f"<{condition} ", answer)
        # Whether there is such a user is not told.
        stranger, nobody = (part.split("</message>")[0] for part in answers.split("id='7'")[1:3])
        self.assertEqual(stranger.replace(jid(cy), ""), nobody.replace(f"nobody.here@{DOMAIN}", ""))
        self.assertNotIn("id='9'", answers)
        self.assertIn("<invalid-from ", rest)

    async def test_nothing_that_a_client_claims_reaches_others(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(ann).log_in()
        raw = await asyncio.to_thread(self.session, bob)
        forged = (f"<stanza-id xmlns='urn:xmpp:sid:0' by='{jid(ann)}' id='forged'/><delay xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z'/>"
                  f"<x xmlns='jabber:x:oob'><url>https://example.org</url></x>"
                  f"<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></received>")
        raw.send(f"<message to='{jid(ann)}' type='chat' id='own'><body>hello</body>{forged}</message>")
        arrived = (await other.text(body="hello")).xml
        [stanza_id] = arrived.findall("{urn:xmpp:sid:0}stanza-id")
        self.assertEqual((stanza_id.attrib["by"], stanza_id.attrib["id"]), (jid(ann), arrived.attrib["id"]))
        for name in ("{urn:xmpp:delay}delay", "{jabber:x:oob}x", "{urn:xmpp:carbons:2}received"):
            self.assertIsNone(arrived.find(name))

    async def test_a_stanza_that_is_too_large_ends_the_stream(self):
        [ann] = self.accounts("Ann Example")
        raw = await asyncio.to_thread(self.session, ann)
        raw.send(f"<message to='{jid(ann)}'><body>" + "x" * (256 << 10))
        self.assertIn("<policy-violation ", await asyncio.to_thread(raw.rest))

    async def test_who_asks_and_acknowledges_nothing_loses_the_connection_and_nothing_else(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(bob).log_in()
        raw = await asyncio.to_thread(self.session, ann)
        sm = "urn:xmpp:sm:3"
        name = raw.send(f"<enable xmlns='{sm}' resume='true'/>").read("/>").split("id='")[1].split("'")[0]

        def flood():
            raw.send("<presence/>" + "".join(f"<iq id='{number}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>" for number in range(2100)))
            return raw.rest()

        told = await asyncio.to_thread(flood)
        self.assertNotIn("<stream:error", told)
        count = told.count("<iq ") + told.count("<presence ")
        other.send_message(jid(ann), "meanwhile", mtype="chat")

        def come_back():
            again = self.logged_in(ann)
            again.send(f"<resume xmlns='{sm}' previd='{name}' h='{count}'/>").read("<resumed ")
            again.send(f"<a xmlns='{sm}' h='2000'/>").read("<body>meanwhile</body>")

        await asyncio.to_thread(come_back)

    def session(self, username):
        """A stream by hand with a resource."""
        raw = self.logged_in(username)
        raw.send("<iq id='b' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>").read("</iq>")
        return raw

    def logged_in(self, username):
        """A stream by hand that has no resource yet."""
        raw = self.raw().send(Raw.OPEN)
        raw.read("</stream:features>")
        secret = base64.b64encode(f"\0{username}\0{PASSWORD}".encode()).decode()
        raw.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>").read("<success")
        raw.read("/>")
        raw.send(Raw.OPEN).read("</stream:features>")
        return raw
