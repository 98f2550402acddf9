"""Profanity, as it comes from Debian, in a terminal of tmux."""

import asyncio
import os
import shutil
import subprocess
import tempfile

from case import DOMAIN, Case, jid, until
from clients import PASSWORD


class Profanity(Case):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="fbchat-profanity-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def tmux(self, *words):
        command = ["tmux", "-S", os.path.join(self.home, "tmux"), "-f", "/dev/null", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60).stdout

    @property
    def environment(self):
        places = {name: os.path.join(self.home, name) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME")}
        return dict(os.environ, HOME=self.home, TERM="screen", LANG="C.UTF-8", **places)

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    async def shown(self, text):
        await until(f"{text!r} on the screen", lambda: text in self.tmux("capture-pane", "-p"))

    async def test_profanity_sees_a_friend_and_chats(self):
        ann, bob = self.accounts("Ann Example", "Bob B. Example")
        web = await self.web("Bob")
        friends = await asyncio.to_thread(web.call, "/ajax/chat/buddy_list.php")
        uid = next(uid for uid, info in friends["buddy_list"]["userInfos"].items() if info["name"] == "Ann Example")
        gid = (await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"create": "Hiking", "ids[0]": uid, "create_id": "1"}))["gid"]
        await asyncio.to_thread(self.tmux, "new-session", "-d", "-x", "160", "-y", "50", "profanity")
        self.addCleanup(self.tmux, "kill-server")
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
