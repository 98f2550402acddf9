"""Clients that count stanzas (XEP-0198), so that a test controls what they read, acknowledge and send again."""

import base64
import xml.etree.ElementTree as ET

from case import Raw, jid
from clients import PASSWORD

SM = "urn:xmpp:sm:3"
CLIENT = "{jabber:client}"
MAM, RSM = "{urn:xmpp:mam:2}", "{http://jabber.org/protocol/rsm}"


def plain(name, password=PASSWORD, authzid=""):
    """A login with SASL PLAIN."""
    secret = base64.b64encode(f"{authzid}\0{name}\0{password}".encode()).decode()
    return f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"


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
        self.raw.send(plain(self.username))
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


class Attentive(Managed):
    """A client that reads when the test says so, and acknowledges when the server asks."""

    def shows(self, count):
        """Reads until it has shown this many messages."""
        while len(self.messages) < count:
            if self.take().tag == f"{{{SM}}}r":
                self.acknowledge()

    def acknowledge(self):
        self.raw.send(f"<a xmlns='{SM}' h='{self.count}'/>")

    def settle(self):
        """Waits until the server has taken everything that was sent."""
        self.raw.send(f"<r xmlns='{SM}'/>")
        self.next(f"{{{SM}}}a")

    def archive(self, after=""):
        """The texts and ids of the user's archive after an id, in as many parts as it takes."""
        found = []
        while True:
            end = f"<after>{after}</after>" if after else ""
            self.raw.send(f"<iq type='set' id='m'><query xmlns='urn:xmpp:mam:2'><set xmlns='{RSM[1:-1]}'><max>50</max>{end}</set></query></iq>")
            while (element := self.take()).tag != CLIENT + "iq":
                result = element.find(f"{MAM}result")
                if result is not None:
                    body = next(result.iter(CLIENT + "body"))
                    found.append((body.text, result.attrib["id"]))
            end = element.find(f"{MAM}fin")
            if end is None:
                raise AssertionError(ET.tostring(element))
            if end.get("complete") == "true":
                return found
            after = found[-1][1]
