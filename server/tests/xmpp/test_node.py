"""Libraries for XMPP in Node, over WebSocket and TLS: @xmpp/client and strophe.js."""

import asyncio
import os

from case import DOMAIN, Case, jid
from clients import PASSWORD
from fbchat_testkit import Lines

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node/client.mjs")


class Node(Case):
    async def test_xmpp_client_chats(self):
        await self.chats("@xmpp/client")

    async def test_strophe_chats(self):
        await self.chats("strophe.js")

    async def chats(self, library):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        other = await self.person(bob).log_in()
        command = ["node", PROGRAM, library, f"wss://{DOMAIN}:{self.site.tls}/xmpp-websocket", jid(ann), jid(bob)]
        environment = dict(os.environ, PASSWORD=PASSWORD, NODE_EXTRA_CA_CERTS=self.site.certificate)
        client = Lines(command, self.log("node"), env=environment, cwd=os.path.join(self.site.clients, "node"))
        self.addCleanup(client.stop)
        self.assertEqual((await other.text(**{"from": f"{jid(ann)}/fbchat"}))["body"], f"hello from {library}")
        other.send_message(jid(ann), "<b>hello</b> \N{GRINNING FACE}", mtype="chat")
        await asyncio.to_thread(client.wait_for, lambda line: line == "<b>hello</b> \N{GRINNING FACE}", "the answer")
