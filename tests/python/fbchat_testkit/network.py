# SPDX-License-Identifier: MIT OR Apache-2.0
"""Listeners on loopback that pass bytes on, and a link that can be cut."""

import contextlib
import selectors
import socket
import socketserver
import ssl
import threading

from .waiting import LIMIT


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def receive(connection, count):
    """Exactly this many bytes."""
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise OSError("the connection ended")
        data += more
    return data


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def join(one, other):
    """Passes bytes on in both directions until both have ended."""
    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join(LIMIT)


class Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, serve):
        """serve(listener, socket) is called for each connection; it records in `seen` what it has seen of it."""
        self.seen = []

        class Handler(socketserver.BaseRequestHandler):
            def handle(handler):
                with contextlib.suppress(OSError, ssl.SSLError):
                    serve(self, handler.request)

        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Link:
    """The network between a client and the server. While it is cut, nothing arrives and no connection is closed. After
    `restore`, the connections from before are closed; after `replace`, as with another network, they stay silent."""

    def __init__(self, server):
        self.server = server  # its address
        self.is_cut = False
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
                    if self.is_cut:
                        continue
                    host, port = self.server.split(":")
                    far = socket.create_connection((host, int(port)))
                    self.open.append(far)
                threading.Thread(target=self._relay, args=(near, far, self.cuts), daemon=True).start()

    def _relay(self, near, far, cuts):
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
            self.is_cut = True
            self.cuts += 1

    def replace(self):
        with self.lock:
            self.is_cut = False

    def restore(self):
        with self.lock:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self.open.clear()
            self.is_cut = False

    def close(self):
        self.listener.close()
        self.restore()
