"""How clients for phones log in that do not run here: Conversations and Monal. These are replays by hand of what they send, in their
order, after their published sources; that the clients themselves are content with the answers is not shown by them."""

import asyncio
import base64
import hashlib
import hmac
import xml.etree.ElementTree as ET

from case import DOMAIN, Case, Raw, jid
from clients import PASSWORD

SASL, SASL2, BIND2, FAST, SM = "urn:ietf:params:xml:ns:xmpp-sasl", "urn:xmpp:sasl:2", "urn:xmpp:bind:0", "urn:xmpp:fast:0", "urn:xmpp:sm:3"
INFO, ITEMS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"
BOOKMARKS, AVATARS, MDS = "urn:xmpp:bookmarks:1", "urn:xmpp:avatar:metadata", "urn:xmpp:mds:displayed:0"
MAM, RSM, FORM = "urn:xmpp:mam:2", "http://jabber.org/protocol/rsm", "jabber:x:data"
CLIENT = "{jabber:client}"


class Phone:
    """A client of a phone, over TLS from the first byte. It counts stanzas, and keeps what it was told."""

    def __init__(self, case, username):
        self.case, self.username = case, username
        self.requests = self.count = 0
        self.told = []

    def connect(self):
        self.raw = self.case.raw(self.case.site.tls)
        self.raw.encrypt(self.case.site.certificate, "xmpp-client")
        self.header()

    def header(self):
        self.parser, self.depth = ET.XMLPullParser(["start", "end"]), 0
        self.raw.send(Raw.OPEN)

    def next(self, fits):
        """The next element that fits. Requests of the server are answered."""
        while True:
            for event, element in self.parser.read_events():
                self.depth += 1 if event == "start" else -1
                if event != "end" or self.depth != 1:
                    continue
                if element.tag in (CLIENT + "message", CLIENT + "presence", CLIENT + "iq"):
                    self.count += 1
                    self.told.append(element)
                if element.tag == CLIENT + "iq" and element.attrib["type"] == "get":
                    self.answer(element)
                if element.tag == f"{{{SM}}}r":
                    self.raw.send(f"<a xmlns='{SM}' h='{self.count}'/>")
                if fits(element):
                    return element
            data = self.raw.socket.recv(65536)
            if not data:
                raise AssertionError(f"the connection ended after {[element.tag for element in self.told]}")
            self.parser.feed(data)

    def named(self, tag):
        return self.next(lambda element: element.tag == tag)

    def answer(self, request):
        """It wants to know of bookmarks and pictures."""
        node = request.find(f"{{{INFO}}}query").attrib["node"]
        features = "".join(f"<feature var='{name}'/>" for name in (INFO, f"{BOOKMARKS}+notify", f"{AVATARS}+notify", f"{MDS}+notify"))
        self.raw.send(f"<iq type='result' id='{request.attrib['id']}' to='{request.attrib['from']}'><query xmlns='{INFO}' node='{node}'>"
                      f"<identity category='client' type='phone' name='Phone'/>{features}</query></iq>")

    def ask(self, kind, content, to=None):
        """Sends a request; returns its id."""
        self.requests += 1
        to = f" to='{to}'" if to else ""
        self.raw.send(f"<iq type='{kind}' id='q{self.requests}'{to}>{content}</iq>")
        return f"q{self.requests}"

    def result(self, number, kind="result"):
        """The answer to a request, which may have come already."""
        def fits(element):
            return element.tag == CLIENT + "iq" and element.attrib.get("id") == number and element.attrib["type"] != "get"

        answer = next(filter(fits, self.told), None)
        answer = self.next(fits) if answer is None else answer
        self.case.assertEqual(answer.attrib["type"], kind, ET.tostring(answer))
        return answer

    def texts(self):
        return [body.text for stanza in self.told for body in stanza.iter(CLIENT + "body") if stanza.tag == CLIENT + "message"]

    def text(self, text):
        if text not in self.texts():
            self.next(lambda element: text in [body.text for body in element.iter(CLIENT + "body")])

    def services(self, info):
        return {feature.attrib["var"] for feature in info.iter(f"{{{INFO}}}feature")}

    def catch_up(self, page):
        query = f"<x xmlns='{FORM}' type='submit'><field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field></x><set xmlns='{RSM}'><max>50</max>{page}</set>"
        return self.ask("set", f"<query xmlns='{MAM}' queryid='catchup'>{query}</query>")


class Conversations(Phone):
    def authenticate(self, mechanism, response, more):
        text = base64.b64encode(response).decode()
        bind = f"<bind xmlns='{BIND2}'><tag>Conversations</tag><enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='{SM}' resume='true'/></bind>"
        agent = "<user-agent id='6a2a4d5e-6f5c-4f0c-9c0b-3d4a3c1f5b7e'><software>Conversations 2.17.0</software><device>Google Pixel</device></user-agent>"
        self.raw.send(f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'><initial-response>{text}</initial-response>{agent}{bind}{more}</authenticate>")

    def first(self):
        self.connect()
        features = self.named("{http://etherx.jabber.org/streams}features")
        inline = features.find(f"{{{SASL2}}}authentication/{{{SASL2}}}inline")
        mechanism = inline.find(f"{{{FAST}}}fast/{{{FAST}}}mechanism").text
        self.authenticate("PLAIN", f"\0{self.username}\0{PASSWORD}".encode(), f"<request-token xmlns='{FAST}' mechanism='{mechanism}'/>")
        return self.succeeded()

    def again(self):
        """With its token, and without waiting for what the server offers."""
        self.connect()
        shown = f"{self.username}\0".encode() + hmac.digest(self.token.encode(), b"Initiator", hashlib.sha256)
        self.authenticate("HT-SHA-256-NONE", shown, f"<resume xmlns='{SM}' previd='{self.name}' h='{self.count}'/><fast xmlns='{FAST}'/>")
        return self.succeeded()

    def succeeded(self):
        success = self.named(f"{{{SASL2}}}success")
        self.named("{http://etherx.jabber.org/streams}features")
        enabled = success.find(f"{{{BIND2}}}bound/{{{SM}}}enabled")
        if enabled is not None:
            self.name, self.count, self.told = enabled.attrib["id"], 0, []
        token = success.find(f"{{{FAST}}}token")
        if token is not None:
            self.token = token.attrib["token"]
        return success

    def begin(self):
        account = jid(self.username)
        items = self.ask("get", f"<query xmlns='{ITEMS}'/>", DOMAIN)
        server = self.ask("get", f"<query xmlns='{INFO}'/>", DOMAIN)
        preferences = self.ask("get", f"<prefs xmlns='{MAM}'/>")
        own = self.ask("get", f"<query xmlns='{INFO}'/>", account)
        for item in self.result(items).iter(f"{{{ITEMS}}}item"):
            self.result(self.ask("get", f"<query xmlns='{INFO}'/>", item.attrib["jid"]))
        self.case.assertIn("urn:xmpp:carbons:2", self.services(self.result(server)))
        self.case.assertEqual(self.result(preferences).find(f"{{{MAM}}}prefs").attrib["default"], "always")
        self.case.assertIn(f"{BOOKMARKS}#compat", self.services(self.result(own)))
        blocked = self.ask("get", "<blocklist xmlns='urn:xmpp:blocking'/>")
        roster = self.ask("get", "<query xmlns='jabber:iq:roster' ver=''/>")
        bookmarks = self.ask("get", f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{BOOKMARKS}'/></pubsub>")
        self.raw.send("<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://conversations.im' "
                      "ver='kR9jljQwQFoklIvoOmy/GAli0gA='/></presence>")
        history = self.catch_up("<before/>")
        self.result(blocked)
        self.result(bookmarks)
        self.result(history)
        return self.result(roster)


class Monal(Phone):
    """It takes PLAIN only of the first version of SASL, and only if its user has switched that on."""

    def log_in(self):
        self.connect()
        self.named("{http://etherx.jabber.org/streams}features")
        secret = base64.b64encode(f"\0{self.username}\0{PASSWORD}".encode()).decode()
        self.raw.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
        self.named(f"{{{SASL}}}success")
        self.header()
        self.named("{http://etherx.jabber.org/streams}features")

    def first(self):
        self.log_in()
        bound = self.result(self.ask("set", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>Monal-iOS.5c1b2d3e</resource></bind>"))
        self.case.assertEqual(bound[0][0].text, f"{jid(self.username)}/Monal-iOS.5c1b2d3e")
        self.raw.send(f"<enable xmlns='{SM}' resume='true'/>")
        self.name = self.named(f"{{{SM}}}enabled").attrib["id"]
        self.count, self.told = 0, []

    def begin(self):
        account = jid(self.username)
        roster = self.ask("get", "<query xmlns='jabber:iq:roster'/>")
        answered = [self.ask("get", f"<query xmlns='{INFO}'/>", DOMAIN), self.ask("get", f"<query xmlns='{ITEMS}'/>", DOMAIN)]
        own = self.ask("get", f"<query xmlns='{INFO}'/>", account)
        refused = [self.ask("get", f"<query xmlns='{ITEMS}' node='http://jabber.org/protocol/commands'/>", DOMAIN)]
        answered.append(self.ask("get", "<query xmlns='jabber:iq:version'/>", DOMAIN))
        refused.append(self.ask("set", "<offline xmlns='http://jabber.org/protocol/offline'><purge/></offline>"))
        answered.append(self.ask("set", f"<prefs xmlns='{MAM}' default='always'><always/><never/></prefs>"))
        self.raw.send("<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://monal-im.org/' "
                      "ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/></presence><active xmlns='urn:xmpp:csi:0'/>")
        refused.append(self.ask("get", f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{MDS}'/></pubsub>", account))
        self.case.assertIn(MAM, self.services(self.result(own)))
        answered.append(self.ask("set", "<enable xmlns='urn:xmpp:carbons:2'/>"))
        answered.append(self.ask("get", "<blocklist xmlns='urn:xmpp:blocking'/>"))
        answered.append(self.catch_up("<before/>"))
        for number in answered:
            self.result(number)
        for number in refused:
            self.result(number, "error")
        return self.result(roster)

    def again(self):
        self.log_in()
        self.raw.send(f"<resume xmlns='{SM}' previd='{self.name}' h='{self.count}'/>")
        return self.named(f"{{{SM}}}resumed")


class Replays(Case):
    async def test_conversations(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        phone, other = Conversations(self, ann), await self.person(bob).log_in()
        desk = await self.person(ann, resource="desk").log_in()
        await self.begins(phone, bob, other, desk)
        resumed = await asyncio.to_thread(phone.again)
        self.assertEqual(resumed.find(f"{{{SM}}}resumed").attrib["previd"], phone.name)
        await self.continues(phone)
        # Its session has ended meanwhile: it gets another one, and what is new from the archive.
        await asyncio.to_thread(phone.raw.send, "</stream:stream>")
        await asyncio.to_thread(phone.raw.rest)
        other.send_message(jid(ann), "later", mtype="chat")
        bound = await asyncio.to_thread(phone.again)
        self.assertIsNotNone(bound.find(f"{{{SM}}}failed/{{urn:ietf:params:xml:ns:xmpp-stanzas}}item-not-found"))
        await asyncio.to_thread(phone.begin)
        await asyncio.to_thread(phone.text, "later")

    async def test_monal(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        phone, other = Monal(self, ann), await self.person(bob).log_in()
        desk = await self.person(ann, resource="desk").log_in()
        await self.begins(phone, bob, other, desk)
        await asyncio.to_thread(phone.again)
        await self.continues(phone)

    async def begins(self, phone, bob, other, desk):
        """A first login, what the archive has, a carbon, and a connection that is cut."""
        other.send_message(jid(phone.username), "before", mtype="chat")
        await desk.text(body="before")
        await asyncio.to_thread(phone.first)
        roster = await asyncio.to_thread(phone.begin)
        self.assertEqual([item.attrib["jid"] for item in roster.iter("{jabber:iq:roster}item")], [jid(bob)])
        await asyncio.to_thread(phone.text, "before")
        desk.send_message(jid(bob), "from the desk", mtype="chat")
        await asyncio.to_thread(phone.text, "from the desk")
        phone.raw.close()
        phone.told = []
        other.send_message(jid(phone.username), "meanwhile", mtype="chat")
        await desk.text(body="meanwhile")

    async def continues(self, phone):
        await asyncio.to_thread(phone.text, "meanwhile")
        self.assertEqual(phone.texts(), ["meanwhile"])
