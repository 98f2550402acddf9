"""go-sendxmpp, with which shell scripts send messages."""

import asyncio
import os

from case import Case, jid
from clients import PASSWORD
from fbchat_testkit import run


class SendXmpp(Case):
    async def test_a_line_of_a_script_arrives_once(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(bob).log_in()
        environment = dict(os.environ, SSL_CERT_FILE=self.site.certificate)
        for line in ("disk is full", "disk is full"):
            command = ["go-sendxmpp", "-u", jid(ann), "-p", PASSWORD, "-j", f"localhost:{self.site.xmpp}", jid(bob)]
            await asyncio.to_thread(run, *command, input=line, env=environment)
        # The same line once more is another message.
        for _ in range(2):
            self.assertEqual((await other.text())["body"].strip(), "disk is full")
        web = await self.web("Bob")
        uid = await asyncio.to_thread(lambda: next(iter(web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"])))
        history = await asyncio.to_thread(web.history, uid)
        self.assertEqual([line.strip() for line in history], ["disk is full"] * 2)
