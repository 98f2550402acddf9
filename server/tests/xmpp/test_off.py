"""A server without `xmpp_domain`: nothing of XMPP is there."""

import asyncio
import os
import ssl
import socket
import urllib.error
import urllib.request

from case import DOMAIN, Case
from fbchat_testkit import LIMIT, Deployment, free_port
from fbchat_testkit.certificates import self_signed


class Off(Case):
    async def test_there_is_no_port_no_name_in_tls_and_no_address(self):
        site = Deployment(self.site.fbchatd, os.path.join(self.site.artefacts, "xmpp-off.log"))
        self.addCleanup(site.discard)
        tls = free_port()
        certificate, key = self_signed(site.data, "tls", host=DOMAIN)
        with open(site.config, "a", encoding="utf-8") as settings:
            settings.write(f'tls_listen = "127.0.0.1:{tls}"\ntls_cert = "{certificate}"\ntls_key = "{key}"\n')
        await asyncio.to_thread(site.start)
        context = ssl.create_default_context(cafile=certificate)
        context.set_alpn_protocols(["xmpp-client"])

        def agreed():
            with socket.create_connection(("127.0.0.1", tls), LIMIT) as connection:
                return context.wrap_socket(connection, server_hostname=DOMAIN).selected_alpn_protocol()

        with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
            await asyncio.to_thread(agreed)

        def get(path):
            context = ssl.create_default_context(cafile=certificate)
            with urllib.request.urlopen(f"https://{DOMAIN}:{tls}{path}", context=context, timeout=LIMIT) as answer:
                return answer.status

        for path in ("/.well-known/host-meta", "/.well-known/host-meta.json", "/xmpp-websocket"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                await asyncio.to_thread(get, path)
            self.assertEqual(refused.exception.code, 404)
        with open(f"/proc/{site.server.process.pid}/net/tcp", encoding="ascii") as sockets:
            own = {os.readlink(f"/proc/{site.server.process.pid}/fd/{name}") for name in os.listdir(f"/proc/{site.server.process.pid}/fd")}
            listening = [fields[1] for fields in map(str.split, sockets) if fields[3] == "0A" and f"socket:[{fields[9]}]" in own]
        self.assertEqual({int(address.split(":")[1], 16) for address in listening}, {tls, int(site.server.address.split(":")[1])})
