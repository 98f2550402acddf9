"""Files, pictures of users, and bookmarks."""

import asyncio
import hashlib
import urllib.error
import urllib.request

from case import DOMAIN, Case, jid, until
from fbchat_testkit import LIMIT
from pictures import portrait
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

OOB = "{jabber:x:oob}"
UPLOAD = "urn:xmpp:http:upload:0"
BOOKMARKS = "urn:xmpp:bookmarks:1"
PHOTO = "{vcard-temp:x:update}photo"


class Files(Case):
    def uid_of(self, web, name):
        friends = web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"]
        return int(next(uid for uid, info in friends.items() if info["name"] == name))

    async def put(self, web, url, content):
        """Uploads to a slot; returns the status."""
        def request():
            path = url.removeprefix(f"https://{DOMAIN}")
            self.assertNotEqual(path, url)
            try:
                put = urllib.request.Request(web.base + path, content, {"Content-Type": "text/plain"}, method="PUT")
                with urllib.request.urlopen(put, timeout=LIMIT) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
        return await asyncio.to_thread(request)

    async def get(self, web, url):
        def request():
            with urllib.request.urlopen(web.base + url.removeprefix(f"https://{DOMAIN}"), timeout=LIMIT) as answer:
                return answer.read()
        return await asyncio.to_thread(request)

    async def test_an_uploaded_file_is_an_attachment(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web, own = await self.web("Bob"), await self.web("Ann")
        one, two = await self.person(ann).log_in(), await self.person(bob).log_in()
        service = f"upload.{DOMAIN}"
        services = await one["xep_0030"].get_items(DOMAIN)
        self.assertIn(service, [item[0] for item in services["disco_items"]["items"]])
        info = await one["xep_0030"].get_info(service)
        self.assertIn(UPLOAD, info["disco_info"]["features"])
        limit = next(value.text for value in info.xml.iter("{jabber:x:data}value") if value.text != UPLOAD)

        async def slot(name, size):
            request = one.make_iq_get(ito=service)
            request.append(ET.Element(f"{{{UPLOAD}}}request", filename=name, size=str(size)))
            answer = (await request.send()).xml
            return [answer.find(f".//{{{UPLOAD}}}{part}").attrib["url"] for part in ("put", "get")]

        put, link = await slot("list ü&.txt", 4)
        # Nothing that the key does not say.
        self.assertEqual(await self.put(web, put, b"milky"), 400)
        self.assertEqual(await self.put(web, put.replace("slot=", "slot=1"), b"milk"), 403)
        self.assertEqual(await self.put(web, put, b"milk"), 201)
        self.assertEqual(await self.put(web, put, b"soup"), 409)
        self.assertEqual(await self.get(web, link), b"milk")

        message = one.make_message(jid(bob), link, mtype="chat")
        message.append(ET.fromstring(f"<x xmlns='jabber:x:oob'><url>{link.replace('&', '&amp;')}</url></x>"))
        message.send()
        arrived = await two.text()
        self.assertEqual(arrived["body"], arrived.xml.find(f"{OOB}x/{OOB}url").text)
        self.assertEqual(await self.get(web, arrived["body"]), b"milk")
        uid = await asyncio.to_thread(self.uid_of, web, "Ann Example")
        [item] = (await asyncio.to_thread(web.call, f"/ajax/chat/history.php?id={uid}&files=1"))["history"]
        self.assertEqual((item["msg"]["text"], [file["name"] for file in item["attachments"]]), ("", ["list ü&.txt"]))

        # The link of somebody else, and one among words, are text. So is one to a file that was never uploaded.
        _, nowhere = await slot("never.txt", 1)
        for sender, receiver, text in ((two, one, link), (one, two, f"see {link}"), (one, two, nowhere)):
            sender.send_message(receiver.boundjid.bare, text, mtype="chat")
            arrived = await receiver.text()
            self.assertEqual((arrived["body"], arrived.xml.find(f"{OOB}x")), (text, None))

        # In a group, and from the page with a text.
        gid = (await asyncio.to_thread(own.call, "/ajax/fbchat/groups.php",
                                       {"create": "Food", "ids[0]": await asyncio.to_thread(self.uid_of, own, "Bob Example"), "create_id": "1"}))["gid"]
        room = f"{gid}@rooms.{DOMAIN}"
        two.register_plugin("xep_0045")
        two.add_event_handler("groupchat_message", lambda message: two.note("groupchat_message", message))
        await two["xep_0045"].join_muc_wait(room, "Bob Example", maxstanzas=0, timeout=LIMIT)
        await asyncio.to_thread(own.send_file, gid, "Shopping", "more.txt", b"tea")
        arrived = await two.wait("groupchat_message")
        first, line = arrived["body"].split("\n")
        self.assertEqual((first, line.split()[-1]), ("Shopping", arrived.xml.find(f"{OOB}x/{OOB}url").text))

        with self.assertRaises(IqError) as refused:
            await slot("large", int(limit) + 1)
        self.assertEqual(refused.exception.condition, "not-acceptable")
        self.assertEqual(refused.exception.iq.xml.find(f".//{{{UPLOAD}}}max-file-size").text, limit)

    async def test_pictures_are_published_and_shown(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        one, two = self.person(ann), self.person(bob)
        for person in (one, two):
            for plugin in ("xep_0054", "xep_0084", "xep_0115", "xep_0163"):
                person.register_plugin(plugin)
            person.add_event_handler("avatar_metadata_publish", lambda message, person=person: person.note("avatar", message))
        await one.log_in()
        await two.log_in()

        def told(message, owner):
            item = message["pubsub_event"]["items"]["item"]
            return message["from"].bare == jid(owner) and item["id"]

        async def shown(person, owner):
            """The picture of which a client is told next."""
            event = await person.wait("avatar", lambda message: told(message, owner))
            sha1 = event["pubsub_event"]["items"]["item"]["id"]
            answer = await person["xep_0084"].retrieve_avatar(jid(owner), sha1)
            data = answer["pubsub"]["items"]["item"]["avatar_data"]["value"]
            self.assertEqual(hashlib.sha1(data).hexdigest(), sha1)
            return data

        # From a client, which hears of it itself.
        red, blue = portrait((200, 30, 30)), portrait((30, 30, 200))
        await one["xep_0084"].publish_avatar(red)
        picture = await shown(two, ann)
        self.assertEqual(await shown(one, ann), picture)
        sha1 = hashlib.sha1(picture).hexdigest()
        await two.wait("presence_available", lambda presence: [photo.text for photo in presence.xml.iter(PHOTO)] == [sha1])
        uid = await asyncio.to_thread(self.uid_of, web, "Ann Example")
        profile = await asyncio.to_thread(web.call, f"/ajax/fbchat/profile.php?id={uid}")
        self.assertNotIn("silhouette", str(profile))
        await one["xep_0084"].publish_avatar_metadata({"id": sha1, "type": "image/png", "bytes": len(picture)})
        # By its card, and from the page.
        card = one["xep_0054"].make_vcard()
        card["PHOTO"]["TYPE"], card["PHOTO"]["BINVAL"] = "image/png", blue
        await one["xep_0054"].publish_vcard(card)
        self.assertNotEqual(await shown(two, ann), picture)
        # A card without a picture leaves it.
        await one["xep_0054"].publish_vcard(one["xep_0054"].make_vcard())
        await asyncio.to_thread(web.upload, red)
        self.assertEqual(await shown(one, bob), picture)
        # A client that comes is told what there is, and no picture is told as well.
        late = self.person(bob, resource="late")
        for plugin in ("xep_0084", "xep_0115"):
            late.register_plugin(plugin)
        late.add_event_handler("avatar_metadata_publish", lambda message: late.note("avatar", message))
        await late.log_in()
        await shown(late, ann)
        await one["xep_0084"].stop()
        gone = await two.wait("avatar", lambda message: told(message, ann))
        self.assertEqual(gone["pubsub_event"]["items"]["item"]["id"], "none")
        with self.assertRaises(IqError) as refused:
            await one["xep_0084"].publish_avatar(b"no picture")
        self.assertEqual(refused.exception.condition, "not-acceptable")

    async def test_bookmarks_are_the_groups(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        one = self.person(ann)
        for plugin in ("xep_0048", "xep_0115", "xep_0163"):
            one.register_plugin(plugin)
        one["xep_0163"].add_interest(BOOKMARKS)
        for event in ("pubsub_publish", "pubsub_retract"):
            one.add_event_handler(event, lambda message, event=event: one.note(event, message))
        await one.log_in()

        async def listed():
            answer = await one["xep_0060"].get_items(one.boundjid.bare, BOOKMARKS)
            return [(item["id"], item.xml[0].attrib["name"], item.xml[0].attrib["autojoin"]) for item in answer["pubsub"]["items"]]

        self.assertEqual(await listed(), [])
        create = {"create": "Food", "ids[0]": await asyncio.to_thread(self.uid_of, web, "Ann Example"), "create_id": "1"}
        gid = (await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", create))["gid"]
        room = f"{gid}@rooms.{DOMAIN}"

        async def told(event="pubsub_publish"):
            items = (await one.wait(event))["pubsub_event"]["items"]
            self.assertEqual(items["node"], BOOKMARKS)
            return items

        self.assertEqual((await told()).xml[0].attrib["id"], room)
        self.assertEqual(await listed(), [(room, "Food", "true")])
        await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"gid": gid, "name": "Drinks"})
        self.assertEqual((await told()).xml[0][0].attrib["name"], "Drinks")
        old = (await one["xep_0048"].get_bookmarks(method="xep_0049"))["private"]["bookmarks"]["conferences"]
        self.assertEqual([(str(conference["jid"]), conference["autojoin"]) for conference in old], [(room, True)])

        # A client that changes one is told what it is.
        conference = ET.fromstring(f"<conference xmlns='{BOOKMARKS}' autojoin='false'/>")
        await one["xep_0060"].publish(one.boundjid.bare, BOOKMARKS, id=room, payload=conference)
        self.assertEqual((await told()).xml[0][0].attrib["autojoin"], "true")
        with self.assertRaises(IqError) as refused:
            await one["xep_0060"].publish(one.boundjid.bare, BOOKMARKS, id=f"other@rooms.{DOMAIN}", payload=conference)
        self.assertEqual(refused.exception.condition, "not-allowed")
        await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"gid": gid, "remove": (await asyncio.to_thread(self.uid_of, web, "Ann Example"))})
        self.assertEqual((await told("pubsub_retract")).xml[0].attrib["id"], room)
        self.assertEqual(await listed(), [])
