"""Messages, and who is typing, between XMPP, HTTP and several clients of one user."""

import asyncio
import urllib.request

from case import DOMAIN, Case, jid


class Chatting(Case):
    async def test_messages_arrive_once_and_in_order_both_ways(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        person = await self.person(ann).log_in()
        other = await self.person(bob).log_in()
        texts = ["hi", "<b>&amp;</b> \"'", "two\nlines", "\N{GRINNING FACE} \u05e9\u05dc\u05d5\u05dd", "]]>", "/me waves", "x" * 20_000]
        for text in texts:
            person.send_message(jid(bob), text)
            arrived = await other.text()
            self.assertEqual(arrived["body"], text)
            self.assertEqual(arrived["from"].full, f"{jid(ann)}/fbchat")
        self.assertEqual(await asyncio.to_thread(web.history, self.uid_of(web, ann)), texts)
        for text in texts:
            await asyncio.to_thread(web.send, self.uid_of(web, ann), text)
        for text in texts:
            arrived = await person.text()
            self.assertEqual((arrived["body"], arrived["from"].bare), (text, jid(bob)))
            self.assertNotIn("delay", [child.tag.split("}")[1] for child in arrived.xml])

    def uid_of(self, web, username):
        """The number of the only friend of a user."""
        return int(next(uid for uid in web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"] if int(uid) != web.uid))

    async def test_files_of_others_are_links(self):
        ann, _ = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        person = await self.person(ann).log_in()
        await asyncio.to_thread(web.send_file, self.uid_of(web, ann), "Shopping", "list.txt", b"milk")
        text, line = (await person.text())["body"].split("\n")
        self.assertEqual(text, "Shopping")
        self.assertRegex(line, r"^list\.txt \(4 bytes\) https://localhost/files/[0-9a-f]{32}/list\.txt\?key=\S+$")
        link = line.split()[-1].removeprefix("https://localhost")
        with urllib.request.urlopen(web.base + link) as answer:
            self.assertEqual(answer.read(), b"milk")

    async def test_a_message_that_is_sent_again_is_one_message(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        uid = await asyncio.to_thread(self.uid_of, web, ann)
        for _ in range(2):
            person = await self.person(ann).log_in()
            for text, name, own in [("origin", "the same id", "origin_id"), ("uuid", "f47ac10b-58cc-4372-a567-0e02b2c3d479", None),
                                    ("counted", "message 1", None)]:
                message = person.make_message(jid(bob), text, mtype="chat")
                message["origin_id"]["id"] = name if own else "0"
                if not own:
                    del message["origin_id"]
                    message["id"] = name
                message.send()
            # What was sent before is stored once this is answered.
            await person["xep_0199"].ping(DOMAIN)
            await person.leave()
        # An id that another message may have, too, tells nothing.
        self.assertEqual(await asyncio.to_thread(web.history, uid), ["origin", "uuid", "counted", "counted"])

    async def test_typing_is_told_both_ways(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        one, other = await self.person(ann).log_in(), await self.person(bob).log_in()
        await one.friend(bob)
        for state in ("composing", "paused"):
            message = one.make_message(jid(bob), mtype="chat")
            message["chat_state"] = state
            message.send()
            await other.wait("chatstate", lambda message, state=state: message["chat_state"] == state)

    async def test_refusals_are_told(self):
        ann, bob, cy = self.accounts("Ann Example", "Bob Example", "Cy Example")
        web = await self.web("Ann")
        person = await self.person(ann).log_in()

        async def refused(to):
            person.send_message(jid(to), "x", mtype="chat")
            return (await person.wait("message_error"))["error"]

        await asyncio.to_thread(web.call, "/ajax/chat/settings.php", {"visibility": "0"})
        error = await refused(bob)
        self.assertEqual(error["condition"], "not-allowed")
        self.assertIn("offline", error["text"])
        await asyncio.to_thread(web.call, "/ajax/chat/settings.php", {"visibility": "1"})
        uids = await asyncio.to_thread(lambda: web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"])
        uid = next(uid for uid, info in uids.items() if info["name"].startswith("Cy"))
        await asyncio.to_thread(web.call, "/ajax/fbchat/block.php", {"uid": uid, "block": "1"})
        error = await refused(cy)
        self.assertEqual(error["condition"], "not-acceptable")
        blocked = await self.person(cy).log_in()
        blocked.send_message(jid(ann), "x", mtype="chat")
        self.assertEqual((await blocked.wait("message_error"))["error"]["condition"], "service-unavailable")
