# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands between a host and a server: listeners that carry bytes on, with TLS or without."""

import contextlib
import os
import shutil
import socket
import socketserver
import ssl
import tempfile
import threading

from case import Case
from peers import LIMIT, run


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def join(one, other):
    """Carries bytes both ways until both have ended."""
    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join(LIMIT)


class Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, serve):
        """serve(listener, socket) is called for each connection; what it says about it is kept in `seen`."""
        self.seen = []

        class Handler(socketserver.BaseRequestHandler):
            def handle(handler):
                with contextlib.suppress(OSError, ssl.SSLError):
                    serve(self, handler.request)

        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()


class BehindTls(Case):
    """A server behind a listener for TLS, whose certificate nobody has issued."""

    def setUp(self):
        super().setUp()
        self.certificates = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.certificates)
        self.server = self.demo()
        self.fingerprint = self.new_certificate("first")

        def serve(_, client):
            # What ends with the handshake, as it does for one that is not trusted, is not worth a word.
            with self.context.wrap_socket(client, server_side=True) as inside, \
                    socket.create_connection(("127.0.0.1", int(self.server.address.rsplit(":", 1)[1]))) as server:
                join(inside, server)

        self.front = Listener(serve)
        self.addCleanup(self.front.end)
        self.url = f"https://localhost:{self.front.port}"

    def new_certificate(self, name, *more):
        """A self-signed one for localhost, from now on; its fingerprint."""
        key, certificate = (os.path.join(self.certificates, f"{name}.{kind}") for kind in ("key", "pem"))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", *more, "-keyout", key, "-out", certificate)
        # A new one, as after a restart: it knows nothing of connections that were made with another certificate.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.file = certificate
        return run("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", certificate).strip().split("=")[1]
