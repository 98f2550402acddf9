"""Stream management: sessions that outlive their connections, message by message."""

import asyncio
import base64
import random
import xml.etree.ElementTree as ET

from case import Case, Raw, jid
from clients import PASSWORD

SM = "urn:xmpp:sm:3"
CLIENT = "{jabber:client}"
# How often the connection is cut, and how many messages go each way before that.
CUTS, MESSAGES = 100, 10


class Managed:
    """A client by hand that counts stanzas, and comes back with new connections."""

    def __init__(self, case, username):
        self.case, self.username = case, username
        # Everything that it has shown, with the ids in the archive and whether it came late.
        self.messages, self.count = [], 0
        self.connect()
        self.start()

    def start(self):
        """A new session on a connection that is logged in."""
        self.raw.send("<iq id='b' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        self.next(CLIENT + "iq")
        self.raw.send(f"<enable xmlns='{SM}' resume='true'/>")
        self.name = self.next(f"{{{SM}}}enabled").attrib["id"]
        # What it has of the server, and what it has sent, of which the server has the first `acknowledged`.
        self.count, self.acknowledged, self.sent = 0, 0, ["<presence/>"]
        self.raw.send("<presence/>")

    @property
    def texts(self):
        return [text for text, *_ in self.messages]

    def connect(self):
        self.raw = self.case.raw()
        self.begin()
        secret = base64.b64encode(f"\0{self.username}\0{PASSWORD}".encode()).decode()
        self.raw.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
        self.next("{urn:ietf:params:xml:ns:xmpp-sasl}success")
        self.begin()

    def begin(self):
        self.parser = ET.XMLPullParser(["start", "end"])
        self.depth = 0
        self.raw.send(Raw.OPEN)
        self.next("{http://etherx.jabber.org/streams}features")

    def take(self, wait=True):
        """The next element of the stream; `None` if there is none yet and it does not wait."""
        while True:
            for event, element in self.parser.read_events():
                self.depth += 1 if event == "start" else -1
                if event == "end" and self.depth == 1:
                    return self.counted(element)
            if not wait:
                return None
            data = self.raw.socket.recv(4096)
            if not data:
                raise AssertionError("the connection ended")
            self.parser.feed(data)

    def counted(self, element):
        if element.tag in (CLIENT + "message", CLIENT + "presence", CLIENT + "iq"):
            self.count += 1
        if element.tag == CLIENT + "message" and element.find(CLIENT + "body") is not None:
            archive_id = element.find("{urn:xmpp:sid:0}stanza-id").attrib["id"]
            self.messages.append((element.find(CLIENT + "body").text, archive_id, element.find("{urn:xmpp:delay}delay") is not None))
        if element.tag == f"{{{SM}}}a":
            self.acknowledged = int(element.attrib["h"])
        return element

    def next(self, tag):
        """The next element of this kind."""
        while (element := self.take()).tag != tag:
            pass
        return element

    def send(self, to, text, more=""):
        stanza = f"<message to='{jid(to)}' type='chat'><body>{text}</body>{more}</message>"
        self.sent.append(stanza)
        self.raw.send(stanza)

    def cut(self):
        self.raw.close()

    def resume(self):
        """Comes back; sends again what the server has not got. False if there is no such session any more."""
        self.connect()
        self.raw.send(f"<resume xmlns='{SM}' previd='{self.name}' h='{self.count}'/>")
        while (element := self.take()).tag not in (f"{{{SM}}}resumed", f"{{{SM}}}failed"):
            pass
        self.answer = element
        if element.tag.endswith("failed"):
            return False
        self.acknowledged = int(element.attrib["h"])
        for stanza in self.sent[self.acknowledged:]:
            self.raw.send(stanza)
        return True


class Resumption(Case):
    async def test_only_what_was_not_acknowledged_comes_again(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(bob).log_in()
        one = await asyncio.to_thread(Managed, self, ann)
        for text in "abc":
            other.send_message(jid(ann), text, mtype="chat")

        def until(count):
            while len(one.texts) < count:
                one.take()

        await asyncio.to_thread(until, 3)
        # It says that it has only the first: the others come again after it is back, then what was sent meanwhile.
        one.count -= 2
        await asyncio.to_thread(one.cut)
        for text in "de":
            other.send_message(jid(ann), text, mtype="chat")
        self.assertTrue(await asyncio.to_thread(one.resume))
        await asyncio.to_thread(until, 7)
        self.assertEqual("".join(one.texts), "abcbcde")
        # The connection that is still open is left for the new one, too.
        one.raw.send(f"<r xmlns='{SM}'/>")
        await asyncio.to_thread(one.next, f"{{{SM}}}a")
        self.assertTrue(await asyncio.to_thread(one.resume))
        other.send_message(jid(ann), "f", mtype="chat")
        await asyncio.to_thread(until, 8)
        one.raw.send(f"<a xmlns='{SM}' h='4000'/>")
        self.assertIn("undefined-condition", await asyncio.to_thread(one.raw.rest))
        self.assertFalse(await asyncio.to_thread(one.resume))

    async def test_cuts_at_random_lose_and_double_nothing(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(bob).log_in()
        one = await asyncio.to_thread(Managed, self, ann)
        dice = random.Random(5)
        sent = []
        for step in range(CUTS):
            for number in range(MESSAGES):
                text = f"{step}.{number}"
                sent.append(text)
                other.send_message(jid(ann), text, mtype="chat")
                await asyncio.to_thread(one.send, bob, text)
                if dice.random() < 0.5:
                    await asyncio.to_thread(one.take)
            await asyncio.to_thread(one.cut)
            self.assertTrue(await asyncio.to_thread(one.resume))

        def rest():
            while len(one.texts) < len(sent):
                one.take()
                # More than 250 stanzas are not sent without this.
                one.raw.send(f"<a xmlns='{SM}' h='{one.count}'/>")

        await asyncio.to_thread(rest)
        one.raw.send(f"<r xmlns='{SM}'/>")
        await asyncio.to_thread(one.next, f"{{{SM}}}a")
        self.assertEqual(one.acknowledged, len(one.sent))
        self.assertEqual(one.texts, sent)
        self.assertEqual([(await other.text())["body"] for _ in sent], sent)
        web = await self.web("Bob")
        # The newest hundred; each text went both ways.
        history = await asyncio.to_thread(web.history, await asyncio.to_thread(self.only_friend, web))
        self.assertEqual(len(history), 100)
        self.assertLessEqual(max(map(history.count, sent)), 2)

    def only_friend(self, web):
        return int(next(uid for uid in web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"] if int(uid) != web.uid))

    async def test_slixmpp_resumes(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        one, other = self.person(ann), await self.person(bob).log_in()
        one.register_plugin("xep_0198")
        one.add_event_handler("session_resumed", lambda data: one.note("session_resumed", data))
        one.add_event_handler("sm_enabled", lambda data: one.note("sm_enabled", data))
        await one.log_in()
        await one.wait("sm_enabled")
        one.abort()
        other.send_message(jid(ann), "while it was away", mtype="chat")
        one.open()
        await one.wait("session_resumed")
        await one.text(body="while it was away")
