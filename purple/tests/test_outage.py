# SPDX-License-Identifier: GPL-2.0-or-later
"""An outage is not a sign-off, unless it lasts."""

import contextlib
import selectors
import signal
import socket
import threading
import time

from case import ALICE, BOB, NASTY, OnDisk
from peers import ERROR, NETWORK_ERROR, RECV, SEND, eventually, plain


class Line:
    """The network between a host and the server. While it is gone nothing comes through and nobody is told; when it is
    back, it has forgotten the connections of before. Or it is another one, on which those of before stay silent."""

    def __init__(self, server):
        self.server = server
        self.gone = False
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.lock = threading.Lock()
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                with self.lock:
                    self.open.append(near)
                    if self.gone:
                        continue
                    host, port = self.server.split(":")
                    far = socket.create_connection((host, int(port)))
                    self.open.append(far)
                threading.Thread(target=self._carry, args=(near, far, self.cuts), daemon=True).start()

    def _carry(self, near, far, cuts):
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    if self.cuts != cuts:
                        return
                    if not data:
                        near.shutdown(socket.SHUT_RDWR)
                        far.shutdown(socket.SHUT_RDWR)
                        return
                    key.data.sendall(data)

    def cut(self):
        with self.lock:
            self.gone = True
            self.cuts += 1

    def replace(self):
        with self.lock:
            self.gone = False

    def mend(self):
        with self.lock:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self.open.clear()
            self.gone = False

    def close(self):
        self.listener.close()
        self.mend()


class Outage(OnDisk):
    def check_restart(self, sig):
        alice, bob = self.both()
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "before")
        self.server.stop(sig)
        meanwhile = [f"meanwhile {i} {NASTY}" for i in range(5)]
        for text in meanwhile:
            bob.do("send", BOB, self.alice, text=text)
            bob.message(BOB, self.alice, SEND)
        self.start()
        self.assertEqual([plain(alice.message(ALICE, self.bob, RECV, 100)["markup"]) for _ in meanwhile], meanwhile)
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "after")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        for host in (alice, bob):
            self.assert_undisturbed(host)
            self.assertEqual([item for item in host.have("message") if int(item["flags"]) & RECV], [], "came twice")
            self.assertEqual(host.have("buddy-signed-off"), [], "friends do not flap")

    def test_restart_is_no_sign_off(self):
        self.check_restart(signal.SIGTERM)

    def test_killed_server_is_no_sign_off(self):
        self.check_restart(signal.SIGKILL)

    def over_a_line(self):
        self.start()
        line = Line(self.server.address)
        self.addCleanup(line.close)
        alice, bob = self.host("alice"), self.host("bob")
        self.sign_on(alice, ALICE, line.url)
        self.sign_on(bob, BOB, self.server.url)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return line, alice, bob

    def test_another_network_is_used_at_once(self):
        line, alice, bob = self.over_a_line()
        line.cut()
        bob.do("send", BOB, self.alice, text="on your way")
        bob.message(BOB, self.alice, SEND)
        line.replace()
        alice.do("network-changed")
        self.assertEqual(plain(alice.message(ALICE, self.bob, RECV)["markup"]), "on your way")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        self.assert_undisturbed(alice)

    def test_network_gone_for_a_while(self):
        line, alice, bob = self.over_a_line()
        line.cut()
        meanwhile = [f"meanwhile {i} {NASTY}" for i in range(20)]
        for text in meanwhile:
            bob.do("send", BOB, self.alice, text=text)
            bob.message(BOB, self.alice, SEND)
        alice.do("send", ALICE, self.bob, text="Are you still there?")
        alice.message(ALICE, self.bob, SEND)
        line.mend()
        self.assertEqual([plain(alice.message(ALICE, self.bob, RECV, 100)["markup"]) for _ in meanwhile], meanwhile)
        self.assertEqual(plain(bob.message(BOB, self.alice, RECV, 100)["markup"]), "Are you still there?")
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "after")
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "and back")
        self.assert_undisturbed(alice)
        self.assertEqual(alice.have("buddy-signed-off"), [], "Bob was there all the time")
        for host in (alice, bob):
            self.assertEqual([item for item in host.have("message") if int(item["flags"]) & (RECV | ERROR)], [])

    def sessions(self):
        """The ids of Alice's logins."""
        listed = self.admin("session", "list").splitlines()
        return [line.split()[0] for line in listed if ALICE in line]

    def offline(self):
        """Alice, whom a lasting outage has signed off; the server is stopped."""
        self.start()
        # The host's seconds are shorter here; the library's are not.
        second = 0.05
        alice = self.host("alice", HEADLESS_SECOND_MS=str(int(second * 1000)))
        self.sign_on(alice, ALICE, self.server.url)
        self.bob = self.uid(alice, ALICE, "Bob Example")
        began = time.monotonic()
        self.server.stop()
        error = alice.wait("error", account=ALICE)
        self.assertEqual(int(error["reason"]), NETWORK_ERROR)
        self.assert_sentence(error["text"])
        self.assertGreaterEqual((time.monotonic() - began) / second, 89)
        alice.wait("disconnected", account=ALICE)
        return alice

    def test_after_a_lasting_outage_the_same_session_goes_on(self):
        alice = self.offline()
        before = self.sessions()
        self.assertEqual(len(before), 1)
        self.start()
        bob = self.host("bob")
        self.sign_on(bob, BOB, self.server.url)
        self.alice = self.uid(bob, BOB, "Alice Example")
        bob.do("send", BOB, self.alice, text=NASTY)
        bob.message(BOB, self.alice, SEND)
        # What Pidgin does after a while.
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        self.assertEqual(plain(alice.message(ALICE, self.bob, RECV)["markup"]), NASTY)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, "here I am")
        self.assertEqual(self.sessions(), before, "logged in again")
        # Signing off ends it.
        alice.do("disconnect", ALICE)
        eventually("logged out", lambda: self.sessions() == [])

    def test_session_that_was_ended_meanwhile_needs_the_password(self):
        alice = self.offline()
        before = self.sessions()
        self.admin("session", "revoke", ALICE, before[0])
        self.start()
        alice.do("connect", ALICE)
        alice.wait("connected", account=ALICE)
        self.assertEqual(len(self.sessions()), 1)
        self.assertNotEqual(self.sessions(), before)
        self.assertEqual(alice.have("error"), [])

    def test_unconfirmed_message_is_named_at_sign_off(self):
        alice, _ = self.both()
        self.server.stop()
        alice.do("send", ALICE, self.bob, text=NASTY)
        alice.do("disconnect", ALICE)
        self.assertIn(NASTY, plain(alice.message(ALICE, self.bob, ERROR)["markup"]))
