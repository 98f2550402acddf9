"""What the standard says of rooms, asked of Debian's Prosody as well: so the tests themselves are tried."""

import os
import shutil
import socket
import subprocess
import tempfile

from case import DOMAIN, Case, Person, jid, until
from clients import PASSWORD
from fbchat_testkit import LIMIT, free_port
from slixmpp.plugins import xep_0045

USER = "{http://jabber.org/protocol/muc#user}"
EVENTS = ("groupchat_message", "groupchat_subject", "groupchat_invite", "groupchat_presence")
# It prints what it reads.
xep_0045.muc.print = lambda *words: None


class Prosody:
    """A server in a directory of its own, in the clear, with some accounts."""

    certificate = None

    def __init__(self, *usernames):
        self.domain, self.xmpp = DOMAIN, free_port()
        self.home = tempfile.mkdtemp(prefix="fbchat-prosody-")
        config = os.path.join(self.home, "prosody.cfg.lua")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""
data_path = "{self.home}"; run_as_root = true; authentication = "internal_plain"
pidfile = "{self.home}/pid"; log = {{ warn = "{self.home}/log" }}
modules_enabled = {{ "roster"; "saslauth"; "disco"; "ping"; "presence"; "message"; "iq"; "mam" }}
modules_disabled = {{ "s2s"; "tls" }}
c2s_ports = {{ {self.xmpp} }}; c2s_interfaces = {{ "127.0.0.1" }}
c2s_require_encryption = false; allow_unencrypted_plain_auth = true
VirtualHost "{DOMAIN}"
Component "rooms.{DOMAIN}" "muc"
modules_enabled = {{ "muc_mam" }}
""")
        for username in usernames:
            subprocess.run(["prosodyctl", "--config", config, "register", username, DOMAIN, PASSWORD], check=True, capture_output=True)
        self.process = subprocess.Popen(["prosody", "-F", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.xmpp), LIMIT).close()
        except ConnectionRefusedError:
            return False
        return True

    def discard(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        shutil.rmtree(self.home)


class Standard(Case):
    async def client(self, site, username):
        person = Person(site, username)
        self.people.append(person)
        person["feature_mechanisms"].unencrypted_plain = True
        for plugin in ("xep_0045", "xep_0313"):
            person.register_plugin(plugin)
        for event in EVENTS:
            person.add_event_handler(event, lambda data, event=event: person.note(event, data))
        return await person.log_in(disable_starttls=site is not self.site)

    def codes(self, presence):
        return {status.attrib["code"] for status in presence.xml.iter(USER + "status")}

    async def test_a_room_of_this_server(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        await self.try_room(self.site, ann, bob)

    async def test_a_room_of_prosody(self):
        prosody = Prosody("ann", "bob")
        self.addCleanup(prosody.discard)
        await until("Prosody", prosody.listens)
        await self.try_room(prosody, "ann", "bob")

    async def try_room(self, site, ann, bob):
        one, two = await self.client(site, ann), await self.client(site, bob)
        room = f"hikers@rooms.{DOMAIN}"
        muc = one["xep_0045"]

        # Created, configured, and entered by somebody who is invited.
        presence = one.make_presence(pto=f"{room}/Ann Example")
        presence.enable("muc_join")
        muc.rooms[room] = {}
        presence.send()
        self.assertEqual(self.codes(await one.wait("groupchat_presence")), {"110", "201"})
        form = await muc.get_room_config(room)
        form.reply()
        form["values"] = {**form.get_values(), "muc#roomconfig_roomname": "Our hikes", "muc#roomconfig_membersonly": True,
                          "muc#roomconfig_changesubject": True, "muc#roomconfig_whois": "anyone"}
        await muc.set_room_config(room, form)
        self.assertEqual(await muc.get_affiliation_list(room, "owner"), [jid(ann)])
        await muc.set_affiliation(room, "member", jid=jid(bob))
        muc.invite(room, jid(bob))
        invitation = await two.wait("groupchat_invite")
        self.assertEqual((invitation["from"].bare, invitation["muc"]["invite"]["from"].bare), (room, jid(ann)))
        own, *_ = await two["xep_0045"].join_muc_wait(room, "Bob Example", timeout=LIMIT)
        self.assertEqual(self.codes(own), {"100", "110"})
        self.assertEqual((own["muc"]["affiliation"], own["muc"]["role"]), ("member", "participant"))

        # Written to.
        message = one.make_message(room, "hello", mtype="groupchat")
        message["id"], message["origin_id"]["id"] = "own id", "own origin"
        message.send()
        for person in (one, two):
            seen = await person.wait("groupchat_message", lambda message: message["body"] == "hello")
            self.assertEqual((seen["from"].resource, seen["stanza_id"]["by"]), ("Ann Example", room))
            if person is one:
                self.assertEqual((seen["id"], seen["origin_id"]["id"]), ("own id", "own origin"))
        two["xep_0045"].set_subject(room, "Climbing")
        for person in (one, two):
            changed = await person.wait("groupchat_subject", lambda message: message["subject"] == "Climbing")
            self.assertEqual(changed["from"].resource, "Bob Example")
        found = [result["mam_result"]["forwarded"]["stanza"]["body"] async for result in one["xep_0313"].iterate(jid=room)]
        self.assertIn("hello", found)
        await one["xep_0199"].send_ping(f"{room}/Ann Example")

        # Left, by one who is removed and by one who goes.
        await muc.set_affiliation(room, "none", jid=jid(bob))
        gone = await two.wait("groupchat_presence", lambda presence: presence["type"] == "unavailable")
        self.assertEqual((self.codes(gone), gone["muc"]["affiliation"]), ({"110", "321"}, "none"))
        two.send_message(room, "not any more", mtype="groupchat")
        self.assertEqual((await two.wait("message_error"))["error"]["condition"], "not-acceptable")
        one.send_presence(pto=f"{room}/Ann Example", ptype="unavailable")
        left = await one.wait("groupchat_presence", lambda presence: presence["type"] == "unavailable" and "110" in self.codes(presence))
        self.assertEqual((left["muc"]["affiliation"], left["muc"]["role"]), ("owner", "none"))
