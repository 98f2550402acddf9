# SPDX-License-Identifier: GPL-2.0-or-later
"""A server behind TLS with a self-signed certificate."""

import shutil
import socket
import ssl
import tempfile

from case import Case
from fbchat_testkit import Listener, certificates, join


class BehindTls(Case):
    def setUp(self):
        super().setUp()
        self.certificates = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.certificates)
        self.server = self.demo()
        self.fingerprint = self.new_certificate("first")

        def serve(_, client):
            # A handshake that the client aborts because it does not trust the certificate is not recorded.
            with self.context.wrap_socket(client, server_side=True) as inside, \
                    socket.create_connection(("127.0.0.1", int(self.server.address.rsplit(":", 1)[1]))) as server:
                join(inside, server)

        self.tls = Listener(serve)
        self.addCleanup(self.tls.close)
        self.url = f"https://localhost:{self.tls.port}"

    def new_certificate(self, name, *more):
        """Replaces the certificate by a new self-signed one for localhost; returns its fingerprint."""
        self.file, key = certificates.self_signed(self.certificates, name, *more)
        # A new context, as after a restart: it does not resume sessions that were made with another certificate.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file, key)
        return certificates.fingerprint(self.file)
