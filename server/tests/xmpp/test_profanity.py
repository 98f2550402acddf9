"""Profanity, as it comes from Debian, in a terminal of tmux."""

import asyncio

from case import DOMAIN, jid, until
from clients import PASSWORD
from terminal import TerminalCase


class Profanity(TerminalCase):
    async def test_profanity_sees_a_friend_and_chats(self):
        ann, bob = self.accounts("Ann Example", "Bob B. Example")
        web = await self.web("Bob")
        friends = await asyncio.to_thread(web.call, "/ajax/chat/buddy_list.php")
        uid = next(uid for uid, info in friends["buddy_list"]["userInfos"].items() if info["name"] == "Ann Example")
        gid = (await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"create": "Hiking", "ids[0]": uid, "create_id": "1"}))["gid"]
        await self.start("profanity")
        await self.shown("Type '/help'")
        self.type(f"/connect {jid(ann)} server 127.0.0.1 port {self.site.xmpp} tls trust")
        await self.shown("Enter password")
        self.type(PASSWORD)
        await self.shown("logged in successfully")
        await self.shown("[TLS]")
        other = await self.person(bob).log_in()
        await other.friend(ann)
        self.type(f"/msg {bob}@{DOMAIN} hello from Profanity")
        self.assertEqual((await other.text())["body"], "hello from Profanity")
        other.send_message(jid(ann), "hello back", mtype="chat")
        await self.shown("Bob B. Example/fbchat: hello back")
        # It joins the room by itself, because it is a bookmark.
        self.type(f"/join {gid}@rooms.{DOMAIN}")
        await self.shown("Bob B. Example created the group.")
        await asyncio.to_thread(web.send, gid, "hello group")
        await self.shown("Bob B. Example: hello group")
        self.type("hello from a room")
        await until("the line", lambda: web.history(gid)[-1] == "hello from a room")
        self.type("/subject set Climbing")
        await until("the name", lambda: web.call("/ajax/fbchat/groups.php")["groups"][0]["name"] == "Climbing")

    async def test_profanity_uses_the_port_of_the_page(self):
        ann, bob = self.accounts("Ann Example", "Bob B. Example")
        await self.start("profanity")
        await self.shown("Type '/help'")
        self.type(f"/connect {jid(ann)} server {DOMAIN} port {self.site.tls} tls legacy")
        await self.shown("Enter password")
        self.type(PASSWORD)
        # It asks about the certificate.
        await self.shown("/tls allow")
        self.type("/tls allow")
        await self.shown("logged in successfully")
        other = await self.person(bob).log_in()
        await other.friend(ann)
