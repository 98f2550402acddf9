"""Group conversations as rooms."""

import asyncio

from case import DOMAIN, Case, jid, until
from slixmpp.plugins import xep_0045
from slixmpp.exceptions import IqError, PresenceError
from slixmpp.xmlstream import ET
from managed import Managed

# It prints what it reads.
xep_0045.muc.print = lambda *words: None
MUC = "http://jabber.org/protocol/muc"
USER = "{http://jabber.org/protocol/muc#user}"
DELAY = "{urn:xmpp:delay}delay"
EVENTS = ("groupchat_message", "groupchat_subject", "groupchat_invite", "groupchat_presence")


class Rooms(Case):
    def member(self, username, **options):
        """A client that knows rooms."""
        person = self.person(username, **options)
        for plugin in ("xep_0045", "xep_0249", "xep_0313"):
            person.register_plugin(plugin)
        for event in EVENTS:
            person.add_event_handler(event, lambda data, event=event: person.note(event, data))
        return person

    async def join(self, person, room, nick, **options):
        """Joins a room; returns the nicks of the others, the subject, and the history."""
        own, subject, occupants, history = await person["xep_0045"].join_muc_wait(room, nick, timeout=30, **options)
        # What the events of joining say was looked at here.
        person.events = [(event, data) for event, data in person.events if event not in EVENTS]
        nicks = [presence["from"].resource for presence in occupants if presence["from"] != own["from"]]
        return own, subject["subject"], sorted(nicks), [message["body"] for message in history]

    async def group(self, web, name, *names):
        """A group that is made on the page, with friends of these names; returns its room."""
        def create():
            friends = web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"]
            uids = [next(uid for uid, info in friends.items() if info["name"] == name) for name in names]
            form = {"create": name, "create_id": "1", **{f"ids[{n}]": uid for n, uid in enumerate(uids)}}
            return web.call("/ajax/fbchat/groups.php", form)["gid"]
        gid = await asyncio.to_thread(create)
        return gid, f"{gid}@rooms.{DOMAIN}"

    async def line(self, person, body):
        """The next line in a room, which must be this one."""
        message = await person.wait("groupchat_message")
        self.assertEqual(message["body"], body)
        return message

    def codes(self, presence):
        return {status.attrib["code"] for status in presence.xml.iter(USER + "status")}

    async def archive(self, person, room):
        found = person["xep_0313"].iterate(jid=room)
        return [result["mam_result"] async for result in found]

    async def test_a_group_is_a_room(self):
        ann, bob, cy = self.accounts("Ann Example", "Bob Example", "Cy Example")
        web = await self.web("Ann")
        gid, room = await self.group(web, "Hiking", "Bob Example")
        await asyncio.to_thread(web.send, gid, "before")
        one, two = self.member(ann), self.member(bob)
        other = self.member(bob, resource="other")
        await one.log_in()
        own, subject, others, history = await self.join(one, room, "Ann Example")
        self.assertEqual((subject, others, history), ("Hiking", ["Bob Example"], ["Ann Example created the group.", "before"]))
        self.assertEqual((self.codes(own), own["muc"]["affiliation"], own["muc"]["jid"]), ({"100", "110"}, "owner", one.boundjid))
        # The client of somebody who was added meanwhile is invited when it comes.
        await two.log_in()
        invitation = await two.wait("groupchat_invite")
        self.assertEqual((invitation["from"].bare, invitation["muc"]["invite"]["from"]), (room, jid(ann)))
        own, _, others, history = await self.join(two, room, "somebody", maxstanzas=1)
        self.assertEqual((own["from"].resource, others, history), ("Bob Example", ["Ann Example"], ["before"]))
        self.assertIn("210", self.codes(own))
        await other.log_in()
        await self.join(other, room, "Bob Example", maxstanzas=0)

        # Lines of this client, of the page and of others arrive once, in one order, and under one id.
        message = one.make_message(room, "from ann", mtype="groupchat")
        message["id"], message["origin_id"]["id"] = "own id", "own origin"
        message.send()
        reflected = await self.line(one, "from ann")
        self.assertEqual((reflected["id"], reflected["origin_id"]["id"], reflected["from"].resource), ("own id", "own origin", "Ann Example"))
        await asyncio.to_thread(web.send, gid, "from the page")
        two.send_message(room, "from bob", mtype="groupchat")
        await self.line(one, "from the page")
        last = await self.line(one, "from bob")
        for person in (two, other):
            seen = [await self.line(person, text) for text in ("from ann", "from the page", "from bob")]
            self.assertEqual([message["from"].resource for message in seen], ["Ann Example", "Ann Example", "Bob Example"])
            self.assertEqual(seen[0]["stanza_id"]["id"], reflected["stanza_id"]["id"])
            self.assertNotIn(DELAY, [child.tag for child in seen[0].xml])
        texts = await asyncio.to_thread(web.history, gid)
        self.assertEqual(texts[2:], ["from ann", "from the page", "from bob"])
        found = await self.archive(one, room)
        self.assertEqual([result["forwarded"]["stanza"]["body"] for result in found], texts)
        self.assertEqual(found[-1]["id"], last["stanza_id"]["id"])
        self.assertEqual(found[-1]["forwarded"]["stanza"]["muc"]["jid"].bare, jid(bob))
        # Sent again over another connection, it is there, and not twice.
        again = other.make_message(room, "from bob", mtype="groupchat")
        again["origin_id"]["id"] = "twice"
        again.send()
        await self.line(other, "from bob")
        again.send()
        self.assertEqual((await self.line(other, "from bob"))["origin_id"]["id"], "twice")
        for person in (one, two):
            await self.line(person, "from bob")

        # Typing, and marking as read.
        state = one.make_message(room, mtype="groupchat")
        state["chat_state"] = "composing"
        state.send()
        typing = await two.wait("chatstate", lambda message: message["type"] == "groupchat")
        self.assertEqual(typing["from"].resource, "Ann Example")
        unread = lambda: web.call("/ajax/fbchat/groups.php")["groups"][0]["unread"]
        self.assertGreater(await asyncio.to_thread(unread), 0)
        marker = one.make_message(room, mtype="groupchat")
        marker.append(ET.Element("{urn:xmpp:chat-markers:0}displayed", id=last["stanza_id"]["id"]))
        marker.send()
        await until("nothing unread", lambda: unread() == 0)

        # A new name is the subject, from both sides.
        two["xep_0045"].set_subject(room, "Climbing")
        for person in (one, two):
            changed = await person.wait("groupchat_subject")
            self.assertEqual((changed["subject"], changed["from"].resource), ("Climbing", "Bob Example"))
        await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"gid": gid, "name": "Swimming"})
        self.assertEqual((await one.wait("groupchat_subject"))["subject"], "Swimming")

        # Leaving the room is no leaving of the group.
        other.send_presence(pto=f"{room}/Bob Example", ptype="unavailable")
        left = await other.wait("groupchat_presence", lambda presence: presence["type"] == "unavailable")
        self.assertEqual((self.codes(left), left["muc"]["affiliation"]), ({"110"}, "member"))
        one.send_message(room, "without the other", mtype="groupchat")
        await self.line(two, "without the other")
        other.send_message(room, "not in the room", mtype="groupchat")
        self.assertEqual((await other.wait("message_error"))["error"]["condition"], "not-acceptable")
        _, _, _, history = await self.join(other, room, "Bob Example", maxstanzas=1)
        self.assertEqual(history, ["without the other"])

        # What rooms say of themselves, and self-pings.
        disco = one["xep_0030"]
        services = await disco.get_items(DOMAIN)
        self.assertIn(f"rooms.{DOMAIN}", [item[0] for item in services["disco_items"]["items"]])
        items = await disco.get_items(f"rooms.{DOMAIN}")
        self.assertEqual([(item[0], item[2]) for item in items["disco_items"]["items"]], [(room, "Swimming")])
        info = (await disco.get_info(room))["disco_info"]
        self.assertIn(("conference", "text", None, "Swimming"), info["identities"])
        self.assertLessEqual({MUC, "muc_membersonly", "muc_persistent", "muc_nonanonymous", "urn:xmpp:mam:2"}, set(info["features"]))
        await one["xep_0199"].send_ping(f"{room}/Ann Example")
        stranger = await self.member(cy).log_in()
        with self.assertRaises(IqError) as refused:
            await stranger["xep_0199"].send_ping(f"{room}/Ann Example")
        self.assertEqual(refused.exception.condition, "not-acceptable")

        # Rooms of others, and those that do not exist, are the same.
        unknown = f"1999999999@rooms.{DOMAIN}"
        answers = []
        for address in (room, unknown):
            with self.assertRaises(PresenceError) as refused:
                await self.join(stranger, address, "Cy Example")
            with self.assertRaises(IqError) as not_found:
                await stranger["xep_0030"].get_info(address)
            stranger.send_message(address, "x", mtype="groupchat")
            error = await stranger.wait("message_error")
            answers.append((refused.exception.condition, not_found.exception.condition, error["error"]["condition"]))
        self.assertEqual(answers, [("registration-required", "item-not-found", "not-acceptable")] * 2)
        one.send_message(f"{room}/Bob Example", "in private", mtype="chat")
        self.assertEqual((await one.wait("message_error"))["error"]["condition"], "forbidden")
        one.send_message(room, "x" * 20_001, mtype="groupchat")
        self.assertEqual((await one.wait("message_error"))["error"]["condition"], "not-acceptable")

    async def test_clients_create_rooms_and_change_who_is_in_them(self):
        ann, bob, cy = self.accounts("Ann Example", "Bob Example", "Cy Example")
        one, two = await self.member(ann).log_in(), await self.member(bob).log_in()
        web = await self.web("Ann")
        room = f"hikers@rooms.{DOMAIN}"
        muc = one["xep_0045"]

        async def create(address):
            presence = one.make_presence(pto=f"{address}/Ann Example")
            presence.enable("muc_join")
            muc.rooms[address] = {}
            presence.send()
            own = await one.wait("groupchat_presence")
            self.assertEqual(self.codes(own), {"110", "201"})

        await create(room)
        self.assertIn(MUC, (await one["xep_0030"].get_info(room))["disco_info"]["features"])
        one.send_message(room, "too early", mtype="groupchat")
        self.assertEqual((await one.wait("message_error"))["error"]["condition"], "not-acceptable")
        form = await muc.get_room_config(room)
        self.assertEqual(form.get_values()["muc#roomconfig_roomname"], "hikers")
        form.reply()
        form["values"] = {"muc#roomconfig_roomname": "Our hikes", "muc#roomconfig_membersonly": False}
        with self.assertRaises(IqError) as refused:
            await muc.set_room_config(room, form)
        self.assertEqual(refused.exception.condition, "not-acceptable")
        form["values"] = {"muc#roomconfig_roomname": "Our hikes", "muc#roomconfig_membersonly": True}
        await muc.set_room_config(room, form)
        await self.line(one, "Ann Example created the group.")
        groups = await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php")
        gid = groups["groups"][0]["gid"]
        self.assertEqual(groups["groups"][0]["name"], "Our hikes")
        # It keeps the address that its creator's client has chosen.
        items = await one["xep_0030"].get_items(f"rooms.{DOMAIN}")
        self.assertEqual([item[0] for item in items["disco_items"]["items"]], [room])

        # Invitations of both kinds.
        muc.invite(room, jid(bob))
        self.assertEqual((await two.wait("groupchat_invite"))["from"].bare, room)
        await self.join(two, room, "Bob Example")
        await self.line(one, "Ann Example added Bob Example.")
        one["xep_0249"].send_invitation(jid(cy), room)
        for person in (one, two):
            await self.line(person, "Ann Example added Cy Example.")
            came = await person.wait("groupchat_presence", lambda presence: presence["from"].resource == "Cy Example")
            self.assertEqual((came["muc"]["affiliation"], came["muc"]["jid"].bare), ("member", jid(cy)))
        self.assertEqual(await muc.get_affiliation_list(room, "owner"), [jid(ann)])
        self.assertEqual(sorted(await muc.get_affiliation_list(room, "member")), [jid(bob), jid(cy)])
        muc.invite(room, jid("nobody.here"))
        self.assertEqual((await one.wait("message_error"))["error"]["condition"], "not-allowed")

        # Only the owner removes members.
        with self.assertRaises(IqError) as refused:
            await two["xep_0045"].set_affiliation(room, "none", jid=jid(cy))
        self.assertEqual(refused.exception.condition, "forbidden")
        await muc.set_affiliation(room, "none", jid=jid(cy))
        for person in (one, two):
            gone = await person.wait("groupchat_presence", lambda presence: presence["type"] == "unavailable")
            self.assertEqual((gone["from"].resource, gone["muc"]["affiliation"], self.codes(gone)), ("Cy Example", "none", {"321"}))
            await self.line(person, "Ann Example removed Cy Example.")
        await muc.set_role(room, "Bob Example", "none")
        gone = await two.wait("groupchat_presence", lambda presence: presence["type"] == "unavailable")
        self.assertEqual(self.codes(gone), {"110", "321"})
        await self.line(two, "Ann Example removed Bob Example.")
        two.send_message(room, "not any more", mtype="groupchat")
        self.assertEqual((await two.wait("message_error"))["error"]["condition"], "not-acceptable")

        # A name that somebody has already gets the user name.
        twin = (await asyncio.to_thread(self.accounts, "Anna Example", friends=False))[0]
        self.site.befriend(self.email("Ann"), self.email("Anna"))
        person = await self.member(twin).log_in()
        web_of_twin = await self.web("Anna")
        await asyncio.to_thread(web_of_twin.call, "/ajax/fbchat/name.php", {"name": "Ann Example"})
        muc.invite(room, jid(twin))
        await person.wait("groupchat_invite")
        own, *_ = await self.join(person, room, "Ann Example")
        self.assertEqual((own["from"].resource, "210" in self.codes(own)), (f"Ann Example ({twin})", True))

        # A room that is left for good, and an owner who leaves.
        leave = one.make_iq_set(ito=room)
        leave.append(ET.fromstring("<query xmlns='jabber:iq:register'><remove/></query>"))
        await leave.send()
        await one.wait("groupchat_presence", lambda presence: self.codes(presence) == {"110", "321"})
        nick = await person.wait("groupchat_presence", lambda presence: "303" in self.codes(presence))
        self.assertEqual(nick.xml.find(f"{USER}x/{USER}item").attrib["nick"], "Ann Example")
        own = await person.wait("groupchat_presence", lambda presence: "110" in self.codes(presence) and presence["type"] != "unavailable")
        self.assertEqual((own["from"].resource, own["muc"]["affiliation"]), ("Ann Example", "owner"))
        self.assertEqual((await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php"))["groups"], [])

    async def test_lines_come_once_while_clients_join_and_lose_their_connections(self):
        ann, bob, cy = self.accounts("Ann Example", "Bob Example", "Cy Example")
        web = await self.web("Ann")
        gid, room = await self.group(web, "Hiking", "Bob Example")
        joining = [self.member(bob, resource=f"{n}") for n in range(3)]
        for person in joining:
            await person.log_in()

        def talk():
            for number in range(60):
                web.send(gid, str(number))

        talking = asyncio.create_task(asyncio.to_thread(talk))
        for number, person in enumerate(joining):
            await until("some lines", lambda number=number: len(web.history(gid)) > 12 * (number + 1))
            presence = person.make_presence(pto=f"{room}/Bob Example")
            presence.enable("muc_join")
            presence["muc_join"]["history"]["maxstanzas"] = "5"
            presence.send()
        await talking
        for person in joining:
            bodies = []
            while bodies[-1:] != ["59"]:
                bodies.append((await person.wait("groupchat_message"))["body"])
            first = int(bodies[0])
            self.assertEqual(bodies, [str(number) for number in range(first, 60)])

        # A session that is resumed has the room still, and what has happened there.
        one = await asyncio.to_thread(Managed, self, bob)
        one.raw.send(f"<presence to='{room}/Bob Example'><x xmlns='{MUC}'><history maxstanzas='0'/></x></presence>")
        one.sent.append("")

        def until_subject(text):
            while True:
                subject = one.next("{jabber:client}message").find("{jabber:client}subject")
                if subject is not None:
                    self.assertEqual(subject.text, text)
                    return

        await asyncio.to_thread(until_subject, "Hiking")
        await asyncio.to_thread(web.send, gid, "before")
        await asyncio.to_thread(one.cut)
        await asyncio.to_thread(web.send, gid, "while it was away")
        self.site.befriend(self.email("Ann"), self.email("Cy"))
        friends = await asyncio.to_thread(lambda: web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"])
        uid = next(uid for uid, info in friends.items() if info["name"] == "Cy Example")
        await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"gid": gid, "add[0]": uid})
        self.assertTrue(await asyncio.to_thread(one.resume))
        seen = []

        def until_cy():
            while f"{room}/Cy Example" not in seen:
                seen.append(one.next("{jabber:client}presence").attrib["from"])

        await asyncio.to_thread(until_cy)
        await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"gid": gid, "name": "Climbing"})
        await asyncio.to_thread(until_subject, "Climbing")
        self.assertEqual(one.texts, ["before", "while it was away", "Ann Example added Cy Example."])
