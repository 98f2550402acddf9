"""What all tests of XMPP have in common: a server, accounts, clients of slixmpp, bare streams, and clients over HTTP."""

import asyncio
import logging
import os
import socket
import ssl
import unittest

from clients import PASSWORD, Client
from fbchat_testkit import LIMIT, Deployment, free_port
from fbchat_testkit.certificates import self_signed
from slixmpp import ClientXMPP

DOMAIN = "localhost"
# What slixmpp logs is in the errors that the tests wait for.
logging.getLogger("slixmpp").setLevel(logging.CRITICAL)


class Site(Deployment):
    """A server that speaks XMPP."""

    def __init__(self, fbchatd, artefacts, clients, domain=DOMAIN, settings=""):
        """`clients` is a directory into which packages of clients were unpacked."""
        self.artefacts, self.clients, self.domain = artefacts, clients, domain
        self.xmpp, self.tls, self.metrics = free_port(), free_port(), free_port()
        super().__init__(fbchatd, os.path.join(artefacts, f"xmpp-server-{domain}.log"), settings)
        self.certificate, key = self_signed(self.data, "tls", host=domain)
        with open(self.config, "a", encoding="utf-8") as settings:
            settings.write(f'xmpp_domain = "{domain}"\nxmpp_listen = "127.0.0.1:{self.xmpp}"\nmetrics_listen = "127.0.0.1:{self.metrics}"\n'
                           f'tls_listen = "127.0.0.1:{self.tls}"\ntls_cert = "{self.certificate}"\ntls_key = "{key}"\n')

    @property
    def url(self):
        return self.server.url


class Person(ClientXMPP):
    """A user with slixmpp. What arrives is kept until a test waits for it."""

    def __init__(self, site, username, password=PASSWORD, resource="test"):
        super().__init__(f"{username}@{site.domain}/{resource}", password)
        self.site = site
        self.ca_certs = site.certificate
        self.username = username
        self.arrived = asyncio.Condition()
        self.events = []
        for plugin in ("xep_0030", "xep_0085", "xep_0092", "xep_0199", "xep_0202", "xep_0203", "xep_0359"):
            self.register_plugin(plugin)
        # A client that answers requests by itself would hide what the server does.
        self.client_roster.auto_subscribe = False
        self.client_roster.auto_authorize = None
        for event in ("session_start", "failed_auth", "disconnected", "message", "message_error", "presence_available",
                      "presence_away", "presence_unavailable", "presence_subscribe", "presence_subscribed", "presence_unsubscribed",
                      "presence_error", "roster_update", "stream_error", "chatstate"):
            self.add_event_handler(event, lambda data, event=event: self.note(event, data))
        self.loop.set_exception_handler(lambda loop, context: None)

    def note(self, event, data):
        self.events.append((event, data))
        self.loop.create_task(self.notify())

    async def notify(self):
        async with self.arrived:
            self.arrived.notify_all()

    async def wait(self, event, test=lambda data: True):
        """Removes and returns the first event of this kind that passes the test."""

        async def found():
            async with self.arrived:
                while True:
                    for index, (kind, data) in enumerate(self.events):
                        if kind == event and test(data):
                            del self.events[index]
                            return data
                    await self.arrived.wait()

        try:
            return await asyncio.wait_for(found(), LIMIT)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.username} waited for {event}; has {self.events}") from None

    def open(self, **options):
        self.connect(("127.0.0.1", self.site.xmpp), **options)

    async def log_in(self, available=True, **options):
        self.open(**options)
        await self.wait("session_start")
        await self.get_roster()
        if available:
            self.send_presence()
            await self.wait("presence_available", lambda presence: presence["from"] == self.boundjid)
        return self

    async def text(self, **fields):
        """The next message with a text."""

        def fits(message):
            return message["body"] and all(message[name] == value for name, value in fields.items())

        return await self.wait("message", fits)

    async def friend(self, username, show="available"):
        """The next presence of a friend that is like this."""
        return await self.wait(f"presence_{show}", lambda presence: presence["from"].bare == f"{username}@{self.site.domain}")

    async def leave(self):
        if self.is_connected():
            await self.disconnect(wait=1.0)


class Raw:
    """A stream by hand."""

    OPEN = (f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>")

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT)
        self.received = ""

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def read(self, until):
        """What arrives up to and including a text."""
        while until not in self.received:
            more = self.socket.recv(65536)
            if not more:
                raise AssertionError(f"no {until!r} before the end: {self.received!r}")
            self.received += more.decode()
        found, self.received = self.received.split(until, 1)
        return found + until

    def rest(self):
        """Everything until the server closes the connection."""
        try:
            while more := self.socket.recv(65536):
                self.received += more.decode()
        except ConnectionResetError:
            pass
        self.close()
        return self.received

    def close(self):
        self.socket.close()

    def encrypt(self, certificate, *protocols):
        context = ssl.create_default_context(cafile=certificate)
        context.set_alpn_protocols(list(protocols))
        self.socket = context.wrap_socket(self.socket, server_hostname=DOMAIN)


class Forwarder:
    """The service under another address, for clients that take only the ports that XMPP usually has."""

    def __init__(self, port, target):
        self.port, self.target = port, target

    async def open(self):
        # Other tests on this machine may do the same.
        for number in range(1, 255):
            self.address = f"127.0.52.{number}"
            try:
                self.server = await asyncio.start_server(self.connect, self.address, self.port)
                return self
            except OSError:
                continue
        raise AssertionError(f"port {self.port} is taken everywhere")

    async def connect(self, reader, writer):
        theirs, ours = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self.copy(reader, ours), self.copy(theirs, writer), return_exceptions=True)

    async def copy(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    def close(self):
        self.server.close()


class Case(unittest.IsolatedAsyncioTestCase):
    """One server for all tests; each test has accounts of its own."""

    # Set once, before the first test.
    site = None

    async def asyncSetUp(self):
        # It would tell of every step that takes long, which is no wonder here.
        asyncio.get_running_loop().set_debug(False)
        self.people = []

    async def asyncTearDown(self):
        for person in self.people:
            await person.leave()

    def accounts(self, *names, friends=True):
        """Accounts for this test alone, all of them friends of the first; returns their user names."""
        emails = [self.email(name) for name in names]
        for name, email in zip(names, emails):
            username = self.username(name)
            self.site.admin("user", "add", email, "--name", name, "--username", username, stdin=PASSWORD + "\n")
        for email in emails[1:] if friends else ():
            self.site.befriend(emails[0], email)
        return [self.username(name) for name in names]

    def username(self, name):
        test = self._testMethodName.removeprefix("test_").replace("_", "")
        return f"{name.split()[0].lower()}.{test}"[:32]

    def email(self, name):
        return f"{name.split()[0].lower()}.{self._testMethodName}@example.org"

    def person(self, username, **options):
        person = Person(self.site, username, **options)
        self.people.append(person)
        return person

    def raw(self, port=None):
        raw = Raw(port or self.site.xmpp)
        self.addCleanup(raw.close)
        return raw

    async def usual_port(self):
        """An address at which the service has its usual port."""
        forwarder = await Forwarder(5222, self.site.xmpp).open()
        self.addCleanup(forwarder.close)
        return forwarder.address

    def log(self, name):
        path = os.path.join(self.site.artefacts, f"xmpp-{name}.log")
        if os.path.exists(path):
            os.unlink(path)
        return path

    async def web(self, name):
        """A client over HTTP for a user, who logs in."""
        return await asyncio.to_thread(Client, self.site, self.email(name))


def jid(username):
    return f"{username}@{DOMAIN}"


async def until(what, check):
    """Waits until a check, which may block, is true."""
    deadline = asyncio.get_running_loop().time() + LIMIT
    while not (found := await asyncio.to_thread(check)):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what}: not within {LIMIT:.0f} s; last: {found!r}")
        await asyncio.sleep(0.05)
    return found
