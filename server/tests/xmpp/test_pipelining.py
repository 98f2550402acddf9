"""Messages that a client sends without waiting for those before."""

import asyncio
import os
import re
import sqlite3
import urllib.request

from case import DOMAIN, Case, jid, until
from fbchat_testkit import LIMIT
from managed import CLIENT, SM, Managed

# The most that the server reads before the first of them is on the disk.
MOST = 32
REQUEST = f"<r xmlns='{SM}'/>"
NEWEST = "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before/></set></query>"


def message(to, text, number):
    return f"<message to='{to}' type='chat' id='m{number}'><body>{text}</body><origin-id xmlns='urn:xmpp:sid:0' id='{to}-{number}'/></message>"


class Pipelining(Case):
    async def test_many_messages_in_one_write_arrive_once_and_in_order(self):
        ann, bob, _ = self.accounts("Ann Example", "Bob Example", "Stranger Example", friends=False)
        self.site.befriend(self.email("Ann Example"), self.email("Bob Example"))
        other = await self.person(bob).log_in()
        await asyncio.to_thread(self.hand_over_many, ann, bob, other)
        texts = [str(number) for number in range(200)]
        self.assertEqual([(await other.text())["body"] for _ in texts], texts)
        self.assertFalse([data for event, data in other.events if event == "message" and data["body"]])

    def hand_over_many(self, ann, bob, other):
        one, elsewhere = Managed(self, ann), Managed(self, ann)
        elsewhere.raw.send("<iq id='c' type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        elsewhere.next(CLIENT + "iq")
        sent = [message(jid(bob), str(number), number) for number in range(200)]
        # Refused, each for a reason of its own, in the middle of the others. One comes twice.
        sent[100:100] = [message(jid(bob), "x" * 20_001, "long"), message(f"stranger@{DOMAIN}", "hi", "stranger"), sent[50]]
        one.raw.send("".join(sent) + REQUEST + f"<iq id='q' type='set'>{NEWEST}</iq>")
        errors, counted, archived = [], None, None
        while True:
            element = one.take()
            if element.tag == f"{{{SM}}}a":
                counted = one.acknowledged
            elif element.attrib.get("type") == "error":
                self.assertIsNone(counted)
                errors.append((element.attrib["id"], element.find(CLIENT + "error")[0].tag.split("}")[1]))
            elif element.attrib.get("id") == "q":
                break
            elif element.find(".//{urn:xmpp:forward:0}forwarded") is not None:
                archived = element.find(f".//{CLIENT}body").text
        self.assertEqual(errors, [("mlong", "not-acceptable"), ("mstranger", "service-unavailable")])
        # Its presence was the first stanza. What follows sees everything before it.
        self.assertEqual((counted, archived), (1 + len(sent), "199"))
        copies = []
        while len(copies) < 200:
            element = elsewhere.take()
            copies += [body.text for body in element.iter(CLIENT + "body")]
        self.assertEqual(copies, [str(number) for number in range(200)])

    async def test_nothing_counts_before_it_is_on_the_disk(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(bob).log_in()
        one = await asyncio.to_thread(Managed, self, ann)
        database = sqlite3.connect(os.path.join(self.site.data, "fbchatd.db"), timeout=LIMIT, isolation_level=None)
        before = await asyncio.to_thread(self.received)
        # Nobody else can write meanwhile.
        database.execute("BEGIN IMMEDIATE")
        try:
            texts = [str(number) for number in range(3 * MOST)]
            stanzas = [message(jid(bob), text, text) for text in texts]
            await asyncio.to_thread(one.raw.send, stanzas[0] + REQUEST + "".join(stanzas[1:]))
            # The request is one of those that are read.
            await until("the messages", lambda: self.received() >= before + MOST - 1)
            await other["xep_0199"].ping(DOMAIN)
            self.assertLess(self.received() - before, MOST + 5)
            one.raw.socket.setblocking(False)
            while (element := self.arrived(one)) is not None:
                self.assertNotEqual(element.tag, f"{{{SM}}}a")
        finally:
            database.execute("ROLLBACK")
        one.raw.socket.settimeout(LIMIT)
        await asyncio.to_thread(one.next, f"{{{SM}}}a")
        stored = database.execute("SELECT count(*) FROM messages WHERE text = '0' "
                                  "AND sender = (SELECT uid FROM users WHERE username = ?)", [ann]).fetchone()
        self.assertEqual(stored, (1,))
        self.assertGreaterEqual(one.acknowledged, 2)
        database.close()
        self.assertEqual([(await other.text())["body"] for _ in texts], texts)

    def arrived(self, one):
        """The next element that has arrived, if there is one."""
        try:
            return one.take()
        except BlockingIOError:
            return None

    def received(self):
        """How many stanzas the server has taken."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.site.metrics}/metrics", timeout=LIMIT) as page:
            return int(re.search(r"^fbchatd_xmpp_stanzas_received_total (\d+)", page.read().decode(), re.M).group(1))
