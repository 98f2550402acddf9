# SPDX-License-Identifier: GPL-2.0-or-later
"""Proxies, which are never bypassed, and certificates, trusted or not."""

import base64
import socket

from case import ALICE, BOB, Case
from fbchat_testkit import Listener
from fbchat_testkit.proxies import http_proxy, socks5
from headless import INVALID_SETTINGS, NETWORK_ERROR
from behind_tls import BehindTls

CERT_UNTRUSTED, CERT_FINGERPRINT_MISMATCH = 9, 13
INSECURE = "allow_insecure=true"  # a server behind a proxy counts as another machine


class Proxies(Case):
    def listener(self, serve):
        listener = Listener(serve)
        self.addCleanup(listener.close)
        return listener

    def sign_on_behind(self, kind, port, *more, address=None, **variables):
        """Alice behind a proxy and Bob without one write to each other."""
        server, alice, bob = self.demo(), self.host("alice", **variables), self.host("bob")
        self.sign_on(bob, BOB, server.url)
        url = address.replace("PORT", server.address.rsplit(":", 1)[1]) if address else server.url
        # The first sign-on of a new account comes before its proxy can be set, so it has the wrong password.
        alice.do("account", ALICE, "wrong", server.url, INSECURE)
        alice.wait("disconnected", account=ALICE)
        alice.do("proxy", ALICE, kind, port, *more)
        self.sign_on(alice, ALICE, url)
        there, here = self.uid(alice, ALICE, "Bob Example"), self.uid(bob, BOB, "Alice Example")
        self.exchange(alice, ALICE, there, bob, BOB, here, "through")
        self.exchange(bob, BOB, here, alice, ALICE, there, "and back")

    def test_socks5_looks_the_name_up_itself(self):
        proxy = self.listener(socks5())
        self.sign_on_behind("socks5", proxy.port, address="http://chat.invalid:PORT")
        self.assertEqual(set(proxy.seen), {(3, "chat.invalid")})

    def test_tor_looks_the_name_up_itself(self):
        proxy = self.listener(socks5())
        self.sign_on_behind("tor", proxy.port, address="http://chat.onion:PORT")
        self.assertEqual(set(proxy.seen), {(3, "chat.onion")})

    def test_socks5_with_a_password(self):
        proxy = self.listener(socks5(("us:er", "p@ss/wörd%")))
        self.sign_on_behind("socks5", proxy.port, "us:er", "p@ss/wörd%")
        self.assertGreater(len(proxy.seen), 0)

    def test_http_with_a_password(self):
        proxy = self.listener(http_proxy)
        self.sign_on_behind("http", proxy.port, "user", "p@ss")
        self.assertEqual(set(proxy.seen), {"Basic " + base64.b64encode(b"user:p@ss").decode()})

    def test_proxy_of_the_environment(self):
        proxy = self.listener(http_proxy)
        self.sign_on_behind("environment", 0, http_proxy=f"http://127.0.0.1:{proxy.port}", no_proxy="")
        self.assertGreater(len(proxy.seen), 0)

    def check_not_bypassed(self, kind, port, **variables):
        host = self.host("alice", **variables)
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.setblocking(False)
            address = f"http://127.0.0.1:{server.getsockname()[1]}"
            # The host connects at once and fails, since nothing listens yet. Then the proxy is set.
            host.do("account", ALICE, "demo", address, INSECURE, "outage_seconds=2")
            host.wait("error", account=ALICE)
            host.wait("disconnected", account=ALICE)
            server.listen()
            host.do("proxy", ALICE, kind, port)
            host.do("connect", ALICE)
            error = host.wait("error", account=ALICE)
            host.wait("disconnected", account=ALICE)
            self.assertRaises(BlockingIOError, server.accept)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])

    def refused(self, host, *options, url="https://127.0.0.1:9"):
        """What a user reads about a setting that is wrong: a sentence, without the name of a constant."""
        host.do("account", ALICE, "demo", url, *options)
        error = host.wait("error", account=ALICE)
        host.wait("disconnected", account=ALICE)
        self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
        self.assert_sentence(error["text"])
        return error["text"]

    def test_wrong_settings_are_told_in_words(self):
        host = self.host("alice", http_proxy="gopher://127.0.0.1:9", no_proxy="")
        self.assertIn("there is no such file", self.refused(host, "ca_file=/nowhere/ca.pem"))
        self.assertIn("A fingerprint is a SHA-256", self.refused(host, "ca_file=", "certificate=AB:CD"))
        self.refused(host, "certificate=", url="gopher://127.0.0.1")
        host.do("proxy", ALICE, "environment")
        self.assertIn("The environment's http_proxy is not a proxy address", self.refused(host, INSECURE, url="http://127.0.0.1:9"))
        host.do("proxy", ALICE, "socks5", "9", "user", "x" * 300)
        self.refused(host)

    def test_proxy_is_never_bypassed(self):
        self.check_not_bypassed("socks5", 9)

    def test_proxy_of_the_environment_is_never_bypassed(self):
        self.check_not_bypassed("environment", 0, http_proxy="http://127.0.0.1:9", no_proxy="")


class Certificates(BehindTls):
    def refused(self, host, reason, fingerprint):
        """Waits for the error and for exactly one question."""
        question = host.wait("request", kind="action", account=ALICE)
        error = host.wait("error", account=ALICE)
        host.wait("disconnected", account=ALICE)
        self.assertEqual(int(error["reason"]), reason)
        self.assert_sentence(error["text"])
        self.assertIn(fingerprint, question["secondary"])
        self.assertEqual((question["buttons"], question["default"]), ("_Accept|_Reject", "1"))
        self.assertEqual(host.have("request"), [])
        return question

    def test_untrusted_is_asked_once_and_then_pinned(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", self.url)
        question = self.refused(host, CERT_UNTRUSTED, self.fingerprint)
        host.do("answer", question["id"], 0)
        host.wait("connected", account=ALICE)
        # Also after a restart of the host.
        directory = host.directory
        host.quit()
        again = self.host("alice", directory)
        again.do("connect", ALICE)
        again.wait("connected", account=ALICE)
        self.assertEqual(again.have("request"), [])

    def test_rejected_is_not_trusted(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", self.url)
        question = self.refused(host, CERT_UNTRUSTED, self.fingerprint)
        host.do("answer", question["id"], 1)
        host.do("connect", ALICE)
        self.refused(host, CERT_UNTRUSTED, self.fingerprint)
        self.assertEqual(host.have("connected"), [])

    def test_another_certificate_than_the_pinned_one(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", self.url)
        host.do("answer", self.refused(host, CERT_UNTRUSTED, self.fingerprint)["id"], 0)
        host.wait("connected", account=ALICE)
        # After a restart, since an open connection has shown its certificate before.
        directory = host.directory
        host.quit()
        second = self.new_certificate("second")
        host = self.host("alice", directory)
        host.do("connect", ALICE)
        question = self.refused(host, CERT_FINGERPRINT_MISMATCH, second)
        self.assertIn("a different certificate", question["secondary"])
        host.do("answer", question["id"], 0)
        host.wait("connected", account=ALICE)

    def test_file_of_certificates_to_trust(self):
        self.new_certificate("leaf", "-addext", "basicConstraints=critical,CA:FALSE")
        host = self.host("alice")
        host.do("account", ALICE, "demo", self.url, f"ca_file={self.file}")
        host.wait("connected", account=ALICE)
        self.assertEqual(host.have("request"), [])

    def test_one_question_however_many_attempts(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", self.url)
        first = host.wait("request", kind="action")
        host.wait("disconnected", account=ALICE)
        host.do("connect", ALICE)
        # The first question is closed before the second one is shown.
        host.wait("request-closed", id=first["id"])
        host.wait("request", kind="action")
        host.wait("disconnected", account=ALICE)
