"""BitlBee with its own jabber, as it comes from Debian: roster, presence and messages over IRC. The package conflicts with that of
the plugin's tests, so it is unpacked and not installed."""

import asyncio
import os
import re
import shutil
import socket
import tempfile

from case import Case, jid
from clients import PASSWORD
from fbchat_testkit import Lines


class Irc(Lines):
    """A BitlBee process and the IRC connection to it, as by inetd."""

    def __init__(self, root, log):
        self.directory = tempfile.mkdtemp(prefix="fbchat-bitlbee-")
        config = os.path.join(self.directory, "bitlbee.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[settings]\nRunMode = Inetd\nAuthMode = Open\nConfigDir = {self.directory}\nPluginDir = {self.directory}\n")
        self.connection, theirs = socket.socketpair()
        with theirs:
            super().__init__([os.path.join(root, "usr/sbin/bitlbee"), "-I", "-c", config], log,
                             output=self.connection.makefile("rb"), stdin=theirs, env=dict(os.environ, HOME=self.directory))

    def parse(self, line):
        return line.rstrip("\r\n")

    def say(self, line):
        self.connection.sendall(line.encode() + b"\r\n")

    async def heard(self, pattern):
        """Removes and returns the first line that matches."""
        return await asyncio.to_thread(self.wait_for, lambda line: re.search(pattern, line), f"a line like {pattern}")

    async def root(self, command, answer):
        """Sends a command to BitlBee and waits for its answer."""
        self.say(f"PRIVMSG &bitlbee :{command}")
        await self.heard(f"^:root!.*{answer}")

    def discard(self):
        self.connection.close()
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class BitlBee(Case):
    async def test_bitlbee_sees_a_friend_and_chats(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        address = await self.usual_port()
        irc = Irc(self.site.clients, self.log("bitlbee"))
        self.addCleanup(irc.discard)
        irc.say("NICK ann\r\nUSER ann 0 * :Ann")
        await irc.heard("JOIN :&bitlbee")
        await irc.root(f"account add jabber {jid(ann)} {PASSWORD.replace(' ', chr(92) + ' ')}", "successfully added")
        for setting in (f"server {address}", "tls true", "tls_verify false", "nick_format %full_name"):
            await irc.root(f"account jabber set {setting}", setting.split()[0])
        await irc.root("account jabber on", "Logged in")
        other = await self.person(bob).log_in()
        await other.friend(ann)
        await irc.heard("^:BobExample!.* JOIN :&bitlbee")
        other.send_message(jid(ann), "hello <b> & \N{GRINNING FACE}", mtype="chat")
        await irc.heard("^:BobExample!.* PRIVMSG ann :hello <b> & \N{GRINNING FACE}")
        irc.say("PRIVMSG BobExample :hello back")
        self.assertEqual((await other.text())["body"], "hello back")
        irc.say("AWAY :brb")
        await other.friend(ann, "away")
        await other.leave()
        await irc.heard("^:BobExample!.* (QUIT|PART)")
