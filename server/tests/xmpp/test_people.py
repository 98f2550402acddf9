"""The roster, presence, and friendships."""

import asyncio

from case import DOMAIN, Case, jid, until
from pictures import portrait
from slixmpp.exceptions import IqError


class People(Case):
    async def test_friends_have_their_names_and_are_seen_as_they_are(self):
        ann, bob = self.accounts("Ann Example", "Bob B. Example")
        one = await self.person(ann).log_in()
        item = one.client_roster[jid(bob)]
        self.assertEqual((item["name"], item["subscription"]), ("Bob B. Example", "both"))
        web = await self.web("Bob")
        await asyncio.to_thread(web.call, "/updatestatus.php", {"status": "at <work>"})
        # The page would keep its user at the keyboard.
        await asyncio.to_thread(web.fetch, "/logout.php", {"confirm": "1", "post_form_id": web.form_id})
        other = await self.person(bob).log_in()
        presence = await one.friend(bob)
        self.assertEqual(presence["from"].resource, "fbchat")
        self.assertEqual(presence["status"], "at <work>")
        other.send_presence(pshow="away")
        presence = await one.friend(bob, "away")
        self.assertEqual(len(presence.xml.findall("{urn:xmpp:idle:1}idle")), 1)
        other.send_presence()
        await one.friend(bob)
        web = await self.web("Bob")
        seen = await asyncio.to_thread(web.call, "/ajax/chat/buddy_list.php")
        [friend] = seen["buddy_list"]["nowAvailableList"].values()
        self.assertFalse(friend["i"])
        one.send_presence(pshow="xa")

        def is_idle():
            [friend] = web.call("/ajax/chat/buddy_list.php")["buddy_list"]["nowAvailableList"].values()
            return friend["i"]

        await until("idle on the web", is_idle)
        await asyncio.to_thread(web.call, "/ajax/chat/settings.php", {"visibility": "0"})
        await one.friend(bob, "unavailable")
        await asyncio.to_thread(web.call, "/ajax/chat/settings.php", {"visibility": "1"})
        await one.friend(bob)
        one.send_presence(ptype="unavailable")
        await other.friend(ann, "unavailable")

    async def test_a_friendship_begins_and_ends_with_subscriptions(self):
        ann, bob = self.accounts("Ann Example", "Bob Example", friends=False)
        one, other = await self.person(ann).log_in(), await self.person(bob).log_in()
        one.send_presence(pto=jid(bob), ptype="subscribe", pstatus="It is me")
        request = await other.wait("presence_subscribe")
        self.assertEqual((request["from"].bare, request["status"]), (jid(ann), "It is me"))
        # It is still there at the next login.
        await other.leave()
        other = await self.person(bob).log_in()
        await other.wait("presence_subscribe")
        other.send_presence(pto=jid(ann), ptype="subscribed")
        await one.wait("presence_subscribed")
        await one.friend(bob)
        await other.friend(ann)
        self.assertEqual(one.client_roster[jid(bob)]["name"], "Bob Example")
        one.send_message(jid(bob), "hello", mtype="chat")
        await other.text(body="hello")
        one.del_roster_item(jid(bob))
        await other.wait("presence_unsubscribed")
        web = await self.web("Ann")
        self.assertEqual(len((await asyncio.to_thread(web.call, "/ajax/chat/buddy_list.php"))["buddy_list"]["userInfos"]), 1)
        one.send_presence(pto=jid("nobody.here"), ptype="subscribe")
        self.assertEqual((await one.wait("presence_error"))["error"]["condition"], "item-not-found")

    async def test_a_friendship_begins_and_ends_on_the_page(self):
        ann, bob = self.accounts("Ann Example", "Bob Example", friends=False)
        web = await self.web("Ann")
        other = await self.person(bob).log_in()
        [found] = (await asyncio.to_thread(web.call, f"/ajax/fbchat/search.php?q={self.email('Bob')}"))["results"]
        await asyncio.to_thread(web.call, "/ajax/addfriend.php", {"profile_id": found["uid"], "message": "It is me"})
        request = await other.wait("presence_subscribe")
        self.assertEqual((request["from"].bare, request["status"]), (jid(ann), "It is me"))
        other.send_presence(pto=jid(ann), ptype="unsubscribed")
        await other["xep_0199"].ping(DOMAIN)
        # Ann is not told, and her request stays on her list.
        requests = await asyncio.to_thread(web.call, "/ajax/fbchat/friend_requests.php")
        self.assertEqual([sent["uid"] for sent in requests["sent"]], [found["uid"]])

        # The other way round, the page accepts.
        other.send_presence(pto=jid(ann), ptype="subscribe")
        await other["xep_0199"].ping(DOMAIN)
        await asyncio.to_thread(web.call, "/ajax/profile/reqs.php", {"id": found["uid"], "action": "accept", "type": "friend_connect"})
        await other.wait("presence_subscribed")
        await other.wait("roster_update", lambda roster: roster["type"] == "set")
        self.assertEqual(other.client_roster[jid(ann)]["subscription"], "both")
        await asyncio.to_thread(web.call, "/ajax/profile/removefriend.php", {"uid": found["uid"]})
        await other.wait("roster_update", lambda roster: roster["roster"]["items"].get(jid(ann), {}).get("subscription") == "remove")

    async def test_the_last_client_that_leaves_makes_the_user_offline(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        other = await self.person(bob).log_in()
        clients = [await self.person(ann, resource=name).log_in() for name in "abc"]
        await other.friend(ann)
        for client in clients[:2]:
            await client.leave()
        await clients[2]["xep_0199"].ping(DOMAIN)
        self.assertEqual(len((await asyncio.to_thread(web.call, "/ajax/chat/buddy_list.php"))["buddy_list"]["nowAvailableList"]), 1)
        self.assertNotIn("presence_unavailable", [event for event, _ in other.events])
        await clients[2].leave()
        await other.friend(ann, "unavailable")

    async def test_names_and_lists_of_the_page_are_in_the_roster_and_who_is_deleted_is_not(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        one, other = await self.person(ann).log_in(), await self.person(bob).log_in()
        web, own = await self.web("Bob"), await self.web("Ann")

        def tells(**members):
            def fits(roster):
                item = roster["roster"]["items"].get(jid(bob), {})
                return roster["type"] == "set" and all(item.get(name) == value for name, value in members.items())
            return fits

        await asyncio.to_thread(web.call, "/ajax/fbchat/name.php", {"name": "Bob Renamed"})
        await one.wait("roster_update", tells(name="Bob Renamed", subscription="both"))
        lists = "/ajax/chat/buddy_list_settings.php"
        made = await asyncio.to_thread(own.call, lists, {"create": "Work"})
        [number] = made["flData"]
        await asyncio.to_thread(own.call, lists, {"drag_uid": web.uid, "new_flid": number, "add_fl": "true"})
        await one.get_roster()
        self.assertEqual(one.client_roster[jid(bob)]["groups"], ["Work"])
        await asyncio.to_thread(self.site.admin, "user", "del", self.email("Bob"))
        self.assertEqual((await other.wait("stream_error"))["condition"], "not-authorized")
        await one.wait("roster_update", tells(subscription="remove"))

    async def test_people_are_blocked_on_one_side_and_on_the_other(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Ann")
        one, two = [self.person(ann, resource=name) for name in ("one", "two")]
        for person in (one, two):
            person.register_plugin("xep_0191")
            for event in ("blocked", "unblocked"):
                person.add_event_handler(event, lambda data, person=person, event=event: person.note(event, data))
            await person.log_in()
            await person["xep_0191"].get_blocked()
        other = await self.person(bob).log_in()
        await other.friend(ann)
        await one["xep_0191"].block(jid(bob))
        for person in (one, two):
            self.assertEqual({str(item) for item in (await person.wait("blocked"))["block"]["items"]}, {jid(bob)})
        await other.friend(ann, "unavailable")

        def blocked():
            return [entry["name"] for entry in web.call("/ajax/fbchat/block.php")["blocked"]]

        self.assertEqual(await asyncio.to_thread(blocked), ["Bob Example"])
        listed = await two["xep_0191"].get_blocked()
        self.assertEqual({str(item) for item in listed["blocklist"]["items"]}, {jid(bob)})
        await two["xep_0191"].unblock(jid(bob))
        await one.wait("unblocked")
        await other.friend(ann)
        with self.assertRaises(IqError) as refused:
            await one["xep_0191"].block(jid(ann))
        self.assertEqual(refused.exception.condition, "not-allowed")

    async def test_a_card_has_the_name_and_the_picture(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        await asyncio.to_thread(web.upload, portrait((200, 30, 30)))
        one = self.person(ann)
        one.register_plugin("xep_0054")
        await one.log_in()
        card = (await one["xep_0054"].get_vcard(jid(bob)))["vcard_temp"]
        self.assertEqual((card["FN"], card["PHOTO"]["TYPE"]), ("Bob Example", "image/png"))
        self.assertTrue(card["PHOTO"]["BINVAL"].startswith(b"\x89PNG"))
        self.assertEqual((await one["xep_0054"].get_vcard(jid(ann), local=False))["vcard_temp"]["FN"], "Ann Example")
        with self.assertRaises(IqError) as refused:
            await one["xep_0054"].get_vcard(jid("nobody.here"))
        self.assertEqual(refused.exception.condition, "service-unavailable")
