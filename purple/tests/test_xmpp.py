# SPDX-License-Identifier: GPL-2.0-or-later
"""libpurple's own XMPP, which Pidgin and Finch have, beside the plugin in one program: Alice uses the one, Bob the other."""

import os
import shutil
import tempfile

from case import ALICE, BOB, NASTY, OnDisk
from fbchat_testkit import free_port, run, until
from fbchat_testkit.certificates import self_signed
from headless import RECV, plain

DOMAIN = "localhost"


class Xmpp(OnDisk):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.certificate, key = self_signed(self.data, "tls")
        with open(self.config, "a", encoding="utf-8") as settings:
            settings.write(f'xmpp_domain = "{DOMAIN}"\nxmpp_listen = "127.0.0.1:{self.port}"\n'
                           f'tls_cert = "{self.certificate}"\ntls_key = "{key}"\ntls_listen = "127.0.0.1:0"\n')
        for email, username in ((ALICE, "alice"), (BOB, "bob")):
            self.admin("user", "username", email, username)
        self.start()

    def host_that_trusts(self, who):
        """A host with libpurple's own XMPP and TLS that has accepted the certificate, as users do in a dialog."""
        directory = tempfile.mkdtemp(prefix="fbchat-purple-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        plugins = os.path.join(directory, "plugins")
        os.mkdir(plugins)
        for name in ("libxmpp.so", "ssl.so", "ssl-nss.so"):
            os.symlink(os.path.join(run("pkg-config", "--variable=plugindir", "purple").strip(), name), os.path.join(plugins, name))
        trusted = os.path.join(directory, "certificates/x509/tls_peers")
        os.makedirs(trusted)
        shutil.copy(self.certificate, os.path.join(trusted, DOMAIN))
        return self.host(who, directory)

    def test_both_protocols_in_one_program(self):
        host = self.host_that_trusts("both")
        alice, bob = f"alice@{DOMAIN}/Pidgin", f"bob@{DOMAIN}"
        host.do("account", alice, "demo", "-", f"connect_server={DOMAIN}", f"port={self.port}", "connection_security=require_tls")
        host.wait("connected", account=alice)
        # Before anybody else is online: the account that uses the plugin signs on afterwards and is seen.
        until("Bob on Alice's list", lambda: bob in host.buddies(alice))
        self.assertEqual(host.buddies(alice)[bob]["alias"], "Bob Example")
        self.sign_on(host, BOB, self.server.url)
        self.wait_online(host, alice, bob)
        uid = self.uid(host, BOB, "Alice Example")
        self.wait_online(host, BOB, uid)
        host.do("send", alice, bob, text=NASTY)
        self.assertEqual(plain(host.message(BOB, uid, RECV)["markup"]), NASTY)
        host.do("send", BOB, uid, text=NASTY)
        self.assertEqual(plain(host.message(alice, f"{bob}/fbchat", RECV)["markup"]), NASTY)
        host.do("typing", BOB, uid, text="1")
        host.wait("typing", account=alice, state="1")
        host.do("disconnect", BOB)
        self.wait_online(host, alice, bob, "0")
        self.assert_undisturbed_xmpp(host)

    def assert_undisturbed_xmpp(self, host):
        for event in ("error", "notify", "request"):
            self.assertEqual(host.have(event), [])
