"""mcabber and Finch, as they come from Debian: each logs in, shows a friend, and sends and receives a line."""

import asyncio
import os
import shutil

from case import DOMAIN, jid, until
from clients import PASSWORD
from terminal import TerminalCase


class TerminalClients(TerminalCase):
    async def pair(self):
        """Ann, for the client, and Bob, who is online."""
        ann, bob = self.accounts("Ann Example", "Bob B. Example")
        return ann, bob, await self.person(bob).log_in()

    async def test_mcabber(self):
        ann, bob, other = await self.pair()
        config = self.settings("mcabber/mcabberrc", f"""
set jid = {jid(ann)}
set password = {PASSWORD}
set server = {DOMAIN}
set port = {self.site.xmpp}
set tls = 1
set ssl_ignore_checks = 1
set roster_width = 40
""")
        await self.start("mcabber", "-f", config)
        await other.friend(ann)
        await self.shown("Bob B. Example")
        self.type("/roster search Bob")
        self.type("hello from mcabber")
        self.assertEqual((await other.text())["body"], "hello from mcabber")
        other.send_message(jid(ann), "hello back", mtype="chat")
        await self.shown("<== hello back")

    async def test_finch(self):
        ann, bob, other = await self.pair()
        self.settings("purple/accounts.xml", f"""<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'><account><protocol>prpl-jabber</protocol><name>{jid(ann)}/Finch</name><password>{PASSWORD}</password><settings>
<setting name='port' type='int'>{self.site.xmpp}</setting><setting name='connection_security' type='string'>require_tls</setting>
<setting name='connect_server' type='string'>{DOMAIN}</setting></settings><settings ui='gnt-purple'><setting name='auto-login' type='bool'>1</setting></settings>
</account></account>""")
        trusted = os.path.join(self.home, "purple/certificates/x509/tls_peers")
        os.makedirs(trusted)
        shutil.copy(self.site.certificate, os.path.join(trusted, DOMAIN))
        await self.start("finch", "-c", os.path.join(self.home, "purple"))
        await other.friend(ann)
        await self.shown("Bob B. Example")
        other.send_message(jid(ann), "hello Finch", mtype="chat")
        await self.shown("hello Finch")
        # From the list of friends to the conversation.
        self.tmux("send-keys", "M-2")
        self.type("hello from Finch")
        self.assertEqual((await other.text())["body"], "hello from Finch")
