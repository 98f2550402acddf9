"""Stream management: sessions that outlive their connections, message by message."""

import asyncio
import random

from case import Case, jid
from managed import SM, Managed

# How often the connection is cut, and how many messages go each way before that.
CUTS, MESSAGES = 100, 10


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
