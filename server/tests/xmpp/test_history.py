"""The archive, what the user sends with other clients, and what has been read."""

import asyncio

from case import Case, jid, until
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

MAM, RSM, FORM = "urn:xmpp:mam:2", "http://jabber.org/protocol/rsm", "jabber:x:data"
SID = "{urn:xmpp:sid:0}stanza-id"


def stanza_id(message):
    return message.xml.find(SID).attrib["id"]


class History(Case):
    async def archive(self, person, fields=(), **rsm):
        """A part of the archive: ids with texts, and whether it is the last one."""
        query = ET.Element(f"{{{MAM}}}query", queryid="q")
        form = ET.SubElement(query, f"{{{FORM}}}x", type="submit")
        for name, value in [("FORM_TYPE", MAM), *fields]:
            ET.SubElement(ET.SubElement(form, f"{{{FORM}}}field", var=name), f"{{{FORM}}}value").text = value
        part = ET.SubElement(query, f"{{{RSM}}}set")
        for name, value in rsm.items():
            ET.SubElement(part, f"{{{RSM}}}{name}").text = str(value)
        iq = person.make_iq_set(query)
        person.results = []
        answer = await iq.send(timeout=60)
        found = []
        for result in person.results:
            message = result.find("{urn:xmpp:forward:0}forwarded/{jabber:client}message")
            found.append((result.attrib["id"], message.find("{jabber:client}body").text))
        fin = answer.xml.find(f"{{{MAM}}}fin")
        if found:
            ends = [fin.find(f"{{{RSM}}}set/{{{RSM}}}{name}").text for name in ("first", "last")]
            self.assertEqual(ends, [found[0][0], found[-1][0]])
        return found, fin.get("complete") == "true"

    def person(self, username, **options):
        person = super().person(username, **options)
        person.results = []

        def keep(stanza):
            if stanza.find(f"{{{MAM}}}result") is not None:
                person.results.append(stanza.find(f"{{{MAM}}}result"))
            return stanza

        person.add_filter("in", lambda stanza: (keep(stanza.xml), stanza)[1])
        return person

    async def test_all_messages_are_in_the_archive_under_the_ids_that_they_had(self):
        ann, bob, cy = self.accounts("Ann Example", "Bob Example", "Cy Example")
        one, other = await self.person(ann).log_in(), await self.person(bob).log_in()
        ids = {}
        for number in range(7):
            sender, recipient, to = (one, other, bob) if number % 2 else (other, one, ann)
            sender.send_message(jid(to), f"text {number}", mtype="chat")
            message = await recipient.text(body=f"text {number}")
            self.assertEqual(message["id"], stanza_id(message))
            ids[f"text {number}"] = stanza_id(message)
        third = await self.person(cy).log_in()
        third.send_message(jid(ann), "from Cy", mtype="chat")
        ids["from Cy"] = stanza_id(await one.text(body="from Cy"))
        expected = [(ids[text], text) for text in ids]
        self.assertEqual(await self.archive(one), (expected, True))
        self.assertEqual(await self.archive(one, [("with", jid(bob))]), (expected[:7], True))
        self.assertEqual(await self.archive(other), (expected[:7], True))
        for fields, all_of in [((), expected), ([("with", jid(bob))], expected[:7])]:
            forwards, last = [], {}
            while True:
                part, complete = await self.archive(one, fields, max=3, **last)
                forwards += part
                if complete:
                    break
                last = {"after": part[-1][0]}
            self.assertEqual(forwards, all_of)
            backwards, first = [], {"before": ""}
            while True:
                part, complete = await self.archive(one, fields, max=3, **first)
                backwards = part + backwards
                if complete:
                    break
                first = {"before": part[0][0]}
            self.assertEqual(backwards, all_of)
        self.assertEqual(await self.archive(one, [("start", "2100-01-01T00:00:00Z")]), ([], True))
        self.assertEqual(await self.archive(one, [("end", "2100-01-01T00:00:00Z")], max=1), (expected[:1], False))
        self.assertEqual(await self.archive(one, [("with", "nobody@localhost")]), ([], True))
        for fields, rsm, condition in [
            ((), {"after": ids["from Cy"][::-1]}, "item-not-found"),
            ((), {"after": "x"}, "item-not-found"),
            ([("colour", "red")], {}, "feature-not-implemented"),
            ([("start", "soon")], {}, "bad-request"),
            ((), {"max": "many"}, "bad-request"),
        ]:
            with self.assertRaises(IqError) as refused:
                await self.archive(one, fields, **rsm)
            self.assertEqual(refused.exception.condition, condition)
        # A message of others is none of the user's.
        with self.assertRaises(IqError):
            await self.archive(other, after=ids["from Cy"])

    async def test_what_one_client_sends_the_others_show_once(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        phone, desk = [await self.person(ann, resource=name).log_in() for name in ("phone", "desk")]
        other = await self.person(bob).log_in()
        for person in (phone, desk):
            person.register_plugin("xep_0280")
            person.add_event_handler("carbon_sent", lambda data, person=person: person.note("carbon_sent", data))
            await person["xep_0280"].enable()
        phone.send_message(jid(bob), "from the phone", mtype="chat")
        carbon = await desk.wait("carbon_sent")
        self.assertEqual(carbon["from"], jid(ann))
        self.assertEqual(carbon["carbon_sent"]["body"], "from the phone")
        arrived = await other.text(body="from the phone")
        self.assertEqual(stanza_id(carbon["carbon_sent"]), stanza_id(arrived))
        other.send_message(jid(ann), "to both", mtype="chat")
        for person in (phone, desk):
            await person.text(body="to both")
            self.assertNotIn("carbon_sent", [event for event, _ in person.events])
        # Reading with a client is reading.
        web = await self.web("Ann")

        def unread():
            return int(web.call("/ajax/presence/update.php?notifications=1")["notifications"]["inboxCount"])

        self.assertEqual(await asyncio.to_thread(unread), 1)
        message = desk.make_message(jid(bob))
        ET.SubElement(message.xml, "{urn:xmpp:chat-markers:0}displayed", id="x")
        message.send()
        await until("nothing unread", lambda: unread() == 0)

    async def test_nobody_looks_at_the_client(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        one = await self.person(ann).log_in()
        one.send_raw("<inactive xmlns='urn:xmpp:csi:0'/>")
        await one["xep_0199"].ping("localhost")
        other = await self.person(bob).log_in()
        other.send_message(jid(ann), "urgent", mtype="chat")
        await one.text(body="urgent")
        self.assertNotIn("presence_available", [event for event, _ in one.events])
        one.send_raw("<active xmlns='urn:xmpp:csi:0'/>")
        await one.friend(bob)
