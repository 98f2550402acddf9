"""Random changes of what clients send, over TCP and WebSocket: the server answers or closes, and nobody else is affected.

FBCHATD_XMPP_SECONDS says how long, FBCHATD_SEED repeats the choices of a run."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import os
import random
import socket
import threading
import time
import urllib.request

from case import DOMAIN, Case, Raw, Site, jid, until
from clients import PASSWORD
from fbchat_testkit import LIMIT
from managed import Attentive
from test_websocket import OPEN, Web

SENDERS = 4
SECRET = "only for Bob"
# KiB that the server may grow by. It keeps the sessions of clients that may come back, and recent items of all users.
GROWTH = 64 << 10
SASL, SM = "urn:ietf:params:xml:ns:xmpp-sasl", "urn:xmpp:sm:3"
MUC, PUBSUB, FORM = "http://jabber.org/protocol/muc", "http://jabber.org/protocol/pubsub", "jabber:x:data"
# `OWN` is the sender's address, `OTHER` that of a friend, `STRANGER` that of somebody else, `ROOM` a room.
BEFORE = [
    "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    f"<auth xmlns='{SASL}' mechanism='PLAIN'>AG5vYm9keQB3cm9uZw==</auth>",
    f"<abort xmlns='{SASL}'/>",
    f"<response xmlns='{SASL}'>AA==</response>",
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>AG5vYm9keQB3cm9uZw==</initial-response><user-agent id='x'>"
    "<software>a</software></user-agent><bind xmlns='urn:xmpp:bind:0'><tag>t</tag></bind></authenticate>",
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'><initial-response>bm9ib2R5AGFh</initial-response>"
    "<fast xmlns='urn:xmpp:fast:0'/></authenticate>",
    "<iq type='get' id='r'><query xmlns='jabber:iq:register'/></iq>",
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>",
    f"<resume xmlns='{SM}' previd='00' h='1'/>",
]
AFTER = [
    "<message to='OTHER' type='chat' id='1'><body>hello</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>",
    "<message to='STRANGER' type='chat'><body>hello</body></message>",
    "<message to='OTHER' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    "<message to='OTHER'><displayed xmlns='urn:xmpp:chat-markers:0' id='x'/></message>",
    "<message to='ROOM' type='groupchat'><body>line</body></message>",
    "<message to='ROOM' type='groupchat'><subject>name</subject></message>",
    "<message to='ROOM'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='OTHER'/></x></message>",
    "<message to='OTHER'><x xmlns='jabber:x:conference' jid='ROOM'/></message>",
    "<presence/>", "<presence type='unavailable'/>", "<presence><show>away</show><status>out</status><priority>5</priority></presence>",
    "<presence to='STRANGER' type='subscribe'/>", "<presence to='OTHER' type='subscribed'/>", "<presence to='STRANGER' type='unsubscribe'/>",
    f"<presence to='ROOM/nick'><x xmlns='{MUC}'><history maxstanzas='9'/></x></presence>", "<presence to='ROOM/nick' type='unavailable'/>",
    "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v='/></presence>",
    "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='set' id='2'><query xmlns='jabber:iq:roster'><item jid='STRANGER' name='n'><group>g</group></item></query></iq>",
    "<iq type='get' id='3' to='DOMAIN'><query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>",
    "<iq type='get' id='4' to='rooms.DOMAIN'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    f"<iq type='set' id='5'><query xmlns='urn:xmpp:mam:2' queryid='q'><x xmlns='{FORM}' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2"
    "</value></field><field var='with'><value>OTHER</value></field><field var='start'><value>2010-01-01T00:00:00Z</value></field></x>"
    "<set xmlns='http://jabber.org/protocol/rsm'><max>5</max><before/></set></query></iq>",
    "<iq type='get' id='6' to='OTHER'><vCard xmlns='vcard-temp'/></iq>",
    "<iq type='set' id='7'><vCard xmlns='vcard-temp'><FN>n</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw0KGgo=</BINVAL></PHOTO></vCard></iq>",
    f"<iq type='set' id='8'><pubsub xmlns='{PUBSUB}'><publish node='urn:xmpp:avatar:data'><item id='a'><data xmlns='urn:xmpp:avatar:data'>iVBORw0KGgo="
    "</data></item></publish></pubsub></iq>",
    f"<iq type='get' id='9'><pubsub xmlns='{PUBSUB}'><items node='urn:xmpp:bookmarks:1'/></pubsub></iq>",
    "<iq type='get' id='10'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query></iq>",
    "<iq type='set' id='11'><block xmlns='urn:xmpp:blocking'><item jid='STRANGER'/></block></iq>",
    "<iq type='set' id='12'><unblock xmlns='urn:xmpp:blocking'/></iq>", "<iq type='get' id='13'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
    "<iq type='set' id='14' to='DOMAIN'><query xmlns='jabber:iq:search'><nick>hello</nick></query></iq>",
    f"<iq type='set' id='15'><query xmlns='jabber:iq:register'><x xmlns='{FORM}' type='submit'><field var='FORM_TYPE'><value>"
    "jabber:iq:register:changepassword</value></field><field var='old_password'><value>wrong</value></field></x></query></iq>",
    "<iq type='get' id='16' to='upload.DOMAIN'><request xmlns='urn:xmpp:http:upload:0' filename='a.txt' size='5' content-type='text/plain'/></iq>",
    f"<iq type='set' id='17' to='ROOM'><query xmlns='{MUC}#owner'><x xmlns='{FORM}' type='submit'><field var='muc#roomconfig_roomname'><value>n"
    "</value></field></x></query></iq>",
    f"<iq type='set' id='18' to='ROOM'><query xmlns='{MUC}#admin'><item affiliation='none' jid='OTHER'/></query></iq>",
    "<iq type='set' id='19'><enable xmlns='urn:xmpp:carbons:2'/></iq>", "<iq type='get' id='20'><query xmlns='jabber:iq:version'/></iq>",
    "<iq type='get' id='21'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='result' id='push-1'/>",
    f"<enable xmlns='{SM}' resume='true'/>", f"<r xmlns='{SM}'/>", f"<a xmlns='{SM}' h='1'/>", "<inactive xmlns='urn:xmpp:csi:0'/>", "<active xmlns='urn:xmpp:csi:0'/>",
]
TOKENS = [b"<", b">", b"</", b"/>", b"'", b"&", b"&amp;", b"&#0;", b"&#x110000;", b"]]>", b"<![CDATA[", b"<!--", b"<?x?>", b"<!DOCTYPE a>", b"\0", b"\xff",
          b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", "\N{GRINNING FACE}".encode(), "\N{RIGHT-TO-LEFT OVERRIDE}".encode(), b"@", b"/", b"-1", b"4294967296",
          b"99999999999999999999", b" xmlns=''", b" xml:lang='x'", b"x:", b"<a>" * 40, b"x" * 12_000, b" " * 3000, b"</stream:stream>", b"<body>"]


class Sender:
    """A user who logs in over and over again, with a token, which costs no password hash."""

    def __init__(self, username):
        self.username, self.token = username, None

    def authenticate(self):
        """What a client sends to log in and to have a resource."""
        agent, bind = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/>", "<bind xmlns='urn:xmpp:bind:0'><tag>t</tag></bind>"
        if self.token:
            mechanism, more = "HT-SHA-256-NONE", "<fast xmlns='urn:xmpp:fast:0'/>"
            response = f"{self.username}\0".encode() + hmac.digest(self.token.encode(), b"Initiator", hashlib.sha256)
        else:
            mechanism, more = "PLAIN", "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>"
            response = f"\0{self.username}\0{PASSWORD}".encode()
        text = base64.b64encode(response).decode()
        return (f"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='{mechanism}'><initial-response>{text}</initial-response>{agent}{bind}{more}"
                "</authenticate>")

    def succeeded(self, told):
        if "<token " in told:
            self.token = told.split("token='")[1].split("'")[0]


class Conversation:
    """One connection of a sender, and what it sends."""

    def __init__(self, case, dice, sender, friend, stranger, room):
        self.case, self.dice, self.sender = case, dice, sender
        self.names = {"OWN": jid(sender.username), "OTHER": jid(friend), "STRANGER": jid(stranger), "ROOM": room, "DOMAIN": DOMAIN}

    def stanza(self, templates):
        text = self.dice.choice(templates)
        for name, value in self.names.items():
            text = text.replace(name, value)
        return text.encode()

    def changed(self, data, templates):
        """The same with a few changes, if any."""
        for _ in range(self.dice.choice([0, 1, 1, 2, 5])):
            at, end = sorted(self.dice.randrange(len(data) + 1) for _ in "ab")
            data = self.dice.choice([
                lambda data, at, end: data[:at] + data[end:],
                lambda data, at, end: data[:end] + data[at:end] + data[end:],
                lambda data, at, end: data[:at] + self.dice.choice(TOKENS) + data[at:],
                lambda data, at, end: data[:at] + self.dice.choice(TOKENS) + data[end:],
                lambda data, at, end: data[:at] + bytes([self.dice.randrange(256)]) + data[at + 1:],
                lambda data, at, end: data[:at] + self.stanza(templates) + data[end:],
            ])(data, at, min(end, at + 60))
        return data

    def hold(self):
        """Everything that the server said. It has to close the connection once the client has said all that it has to say."""
        connection, templates = self.connect()
        heard = b""
        with connection:
            with contextlib.suppress(ConnectionError):
                for _ in range(self.dice.randrange(1, 12)):
                    self.say(self.changed(self.stanza(templates), templates))
            # The server may have reset the connection.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while more := connection.recv(65536):
                    heard += more
        return heard


class OverTcp(Conversation):
    def connect(self):
        self.raw = Raw(self.case.site.xmpp)
        if self.dice.random() < 0.3:
            if self.dice.random() < 0.9:
                self.raw.send(Raw.OPEN)
            return self.raw.socket, BEFORE
        self.raw.send(Raw.OPEN).read("</stream:features>")
        self.sender.succeeded(self.raw.send(self.sender.authenticate()).read("</success>"))
        self.raw.send("<presence/>")
        return self.raw.socket, AFTER

    def say(self, data):
        # In pieces, as a network may deliver it.
        at = self.dice.randrange(len(data) + 1)
        for part in (data[:at], data[at:]):
            self.raw.socket.sendall(part)


class OverWebSocket(Conversation):
    def connect(self):
        host, port = self.case.site.server.address.split(":")
        self.web = Web((host, int(port)))
        if self.dice.random() < 0.3:
            self.web.say(OPEN)
            return self.web.socket, BEFORE
        self.web.say(OPEN)
        self.web.heard("<stream:features ")
        self.web.say(self.sender.authenticate())
        self.sender.succeeded(self.web.heard("<success "))
        self.web.say("<presence xmlns='jabber:client'/>")
        return self.web.socket, AFTER

    def say(self, data):
        kind = self.dice.choices([1, 0, 2, 8, 9, 10, self.dice.randrange(16)], [30, 1, 1, 1, 1, 1, 1])[0]
        if self.dice.random() < 0.1:
            # No frame at all.
            self.web.socket.sendall(data)
        elif self.dice.random() < 0.1:
            at = self.dice.randrange(len(data) + 1)
            self.web.frame(kind, data[:at], last=False)
            self.web.frame(0, data[at:])
        else:
            self.web.frame(kind, data.replace(b" ", b" xmlns='jabber:client' ", 1))


class Nonsense(Case):
    async def test_random_changes_are_answered_and_affect_nobody_else(self):
        seed = int(os.environ.get("FBCHATD_SEED", random.randrange(1 << 32)))
        seconds = float(os.environ.get("FBCHATD_XMPP_SECONDS", "5"))
        print(f"FBCHATD_SEED={seed}")
        self.site = Site(self.site.fbchatd, self.site.artefacts, self.site.clients)
        self.addCleanup(self.site.discard)
        self.site.log = self.log("nonsense")
        await asyncio.to_thread(self.site.start)
        ann, bob = self.accounts("Ann Example", "Bob Example")
        eves = self.accounts("Eve Example", *(f"Eve{number} Example" for number in range(1, SENDERS)))
        group = await asyncio.to_thread(self.group, await self.web("Eve"))
        one, other = await asyncio.to_thread(lambda: (Attentive(self, ann), Attentive(self, bob)))
        await asyncio.to_thread(self.chat, one, other, bob, SECRET)

        def flood(seconds, seed):
            """Connections one after the other by each sender; what went wrong, and their number."""
            end, faults, count = time.monotonic() + seconds, [], [0] * SENDERS

            def send(number):
                dice, sender = random.Random(seed + number), Sender(eves[number])
                while time.monotonic() < end and not faults:
                    kind = dice.choice([OverTcp, OverWebSocket])
                    conversation = kind(self, dice, sender, eves[0] if number else eves[1], ann, group)
                    try:
                        heard = conversation.hold()
                        if SECRET.encode() in heard:
                            faults.append(f"heard of others: {heard!r}")
                    except (OSError, AssertionError) as error:
                        faults.append(repr(error))
                    count[number] += 1

            threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(faults, [])
            return sum(count)

        await asyncio.to_thread(flood, seconds / 5, seed)
        memory = self.status("VmRSS")
        descriptors = await asyncio.to_thread(self.descriptors)
        count = await asyncio.to_thread(flood, seconds, seed + SENDERS)
        await until("the end of all connections", lambda: self.descriptors() <= descriptors)
        grown = self.status("VmRSS") - memory
        print(f"{count} connections; {memory} KiB, then {grown} KiB more; {self.metric('fbchatd_tasks'):.0f} tasks")
        self.assertLess(grown, GROWTH)
        # Sessions that wait for their clients: a few for each user.
        self.assertLess(self.metric("fbchatd_tasks"), 200)
        self.assertGreater(self.metric("fbchatd_xmpp_stanzas_received_total"), count / 2)
        await asyncio.to_thread(self.chat, one, other, bob, "after")
        self.assertEqual(await asyncio.to_thread(lambda: [text for text, _ in other.archive()]), [SECRET, "after"])
        await asyncio.to_thread(self.site.stop)
        self.assertEqual(self.site.server.process.returncode, 0)
        with open(self.site.log, encoding="utf-8") as log:
            bad = [line for line in log if "panicked" in line or " ERROR " in line or len(line) > 500]
        self.assertEqual(bad, [])

    def chat(self, one, other, bob, text):
        one.send(bob, text)
        while text not in other.texts:
            other.shows(len(other.messages) + 1)

    def group(self, web):
        friends = web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"]
        uid = next(uid for uid in friends if int(uid) != web.uid)
        gid = web.call("/ajax/fbchat/groups.php", {"create": "Eves", "ids[0]": uid, "create_id": "1"})["gid"]
        return f"{gid}@rooms.{DOMAIN}"

    def status(self, name):
        with open(f"/proc/{self.site.server.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.site.server.process.pid}/fd"))

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.site.metrics}/metrics", timeout=LIMIT) as page:
            return next(float(line.split()[1]) for line in page.read().decode().splitlines() if line.startswith(f"{name} "))
