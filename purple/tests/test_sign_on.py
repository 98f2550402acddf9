# SPDX-License-Identifier: GPL-2.0-or-later
"""Signing on, and every way in which it fails."""

import http.server
import shutil
import socket
import tempfile
import threading

from case import ALICE, Case
from headless import AUTHENTICATION_FAILED, INVALID_SETTINGS, NETWORK_ERROR


class SignOn(Case):
    def test_plugin_presents_itself(self):
        host = self.host("host")
        plugin = host.wait("plugin")
        self.assertEqual(plugin["id"], "prpl-fbchat")
        self.assertEqual(plugin["login_label"], "E-mail address")
        self.assertIn("fbchat", plugin["name"])
        # Pidgin would list a protocol with settings among the plugins that can be disabled.
        self.assertEqual(plugin["settings"], "0")

    def test_progress_has_four_steps_each_shown_once(self):
        server, host = self.demo(), self.host("alice")
        connected = self.sign_on(host, ALICE, server.url)
        self.assertEqual(connected["name"], "Alice Example")
        steps = [(item["step"], item["steps"]) for item in host.have("progress")]
        self.assertEqual(steps, [(str(step), "4") for step in range(4)])

    def test_user_name_in_place_of_the_address(self):
        server, alice, bob = self.demo(), self.host("alice"), self.host("bob")
        self.assertEqual(self.sign_on(alice, "alice.example", server.url)["name"], "Alice Example")
        self.sign_on(bob, "bob.example", server.url)
        self.exchange(alice, "alice.example", self.uid(alice, "alice.example", "Bob Example"),
                      bob, "bob.example", self.uid(bob, "bob.example", "Alice Example"), "by user name")

    def test_buddies_are_listed_before_connected(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        buddies = host.buddies(ALICE)
        self.assertEqual({buddy["alias"] for buddy in buddies.values()} & {"Alice Example"}, set(), "the user is not their own buddy")
        bob = buddies[self.uid(host, ALICE, "Bob Example")]
        self.assertEqual((bob["group"], bob["online"], bob["status"]), ("Facebook Chat", "0", "offline"))
        self.assertTrue(any(buddy["online"] == "1" for buddy in buddies.values()), "echo is always online")

    def test_wrong_password(self):
        server, host = self.demo(), self.host("alice")
        host.do("account", ALICE, "wrong", server.url)
        error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), AUTHENTICATION_FAILED)
        self.assert_sentence(error["text"])
        host.wait("disconnected", account=ALICE)

    def test_right_password_after_a_wrong_one(self):
        server, host = self.demo(), self.host("alice")
        host.do("account", ALICE, "wrong", server.url)
        host.wait("disconnected", account=ALICE)
        self.sign_on(host, ALICE, server.url)

    def test_no_server(self):
        host = self.host("alice")
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            host.do("account", ALICE, "demo", f"http://127.0.0.1:{unused.getsockname()[1]}", short_outage())
            error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])

    def test_unknown_host_name(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", "https://chat.invalid", short_outage())
        error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])

    def web_server(self, address=("127.0.0.1", 0)):
        """Starts a plain web server; returns its address."""
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=directory)

            def log_message(self, *arguments):
                pass

        web = http.server.ThreadingHTTPServer(address, Quiet)
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{web.server_address[1]}"

    def test_some_other_web_server(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", self.web_server())
        error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
        self.assert_sentence(error["text"])

    def test_foreign_page_at_a_server_known_as_good_does_not_disable_the_account(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        host.do("disconnect", ALICE)
        host.wait("disconnected", account=ALICE)
        server.stop()
        self.web_server(("127.0.0.1", int(server.address.rsplit(":", 1)[1])))
        host.do("connect", ALICE)
        error = host.wait("error", 100, account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)

    def test_unencrypted_to_another_machine(self):
        host = self.host("alice")
        host.do("account", ALICE, "demo", "http://192.0.2.1:8080")
        error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
        self.assert_sentence(error["text"])

    def test_invalid_address(self):
        for address in ("http://[", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://127.0.0.1/chat/"):
            with self.subTest(address=address):
                host = self.host("alice")
                host.do("account", ALICE, "demo", address)
                error = host.wait("error", account=ALICE)
                self.assertEqual(int(error["reason"]), INVALID_SETTINGS)
                self.assert_sentence(error["text"])
                host.discard()

    def test_environment_without_a_proxy(self):
        server, host = self.demo(), self.host("alice")
        self.sign_on(host, ALICE, server.url)
        host.do("disconnect", ALICE)
        host.do("proxy", ALICE, "environment")
        host.do("connect", ALICE)
        host.wait("connected", account=ALICE)

    def test_silent_server(self):
        host = self.host("alice")
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            host.do("account", ALICE, "demo", f"http://127.0.0.1:{silent.getsockname()[1]}", "outage_seconds=3")
            error = host.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])

    def test_sign_off_while_signing_on(self):
        host = self.host("alice")
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            host.do("account", ALICE, "demo", f"http://127.0.0.1:{silent.getsockname()[1]}")
            host.do("disconnect", ALICE)
            host.wait("disconnected", account=ALICE)
        server = self.demo()
        self.sign_on(host, ALICE, server.url)


def short_outage():
    """Shortens the time after which a sign-on without an answer fails. Immediate errors are not affected."""
    return "outage_seconds=20"
