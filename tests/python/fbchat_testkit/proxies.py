# SPDX-License-Identifier: MIT OR Apache-2.0
"""Proxies for a `Listener`; they record in its `seen` what they were asked for."""

import socket
import urllib.parse

from .network import join, receive


def socks5(user=None):
    """A SOCKS 5 proxy that connects to this machine only, whatever name it is given."""
    def serve(listener, client):
        methods = receive(client, receive(client, 2)[1])
        if user:
            assert 2 in methods
            client.sendall(b"\5\2")
            name = receive(client, receive(client, 2)[1])
            password = receive(client, receive(client, 1)[0])
            client.sendall(b"\1\0" if (name.decode(), password.decode()) == user else b"\1\1")
            if (name.decode(), password.decode()) != user:
                return
        else:
            client.sendall(b"\5\0")
        kind = receive(client, 4)[3]
        host = receive(client, receive(client, 1)[0]).decode() if kind == 3 else socket.inet_ntoa(receive(client, 4))
        port = int.from_bytes(receive(client, 2), "big")
        listener.seen.append((kind, host))
        with socket.create_connection(("127.0.0.1", port)) as server:
            client.sendall(b"\5\0\0\1\0\0\0\0\0\0")
            join(client, server)

    return serve


def http_proxy(listener, client):
    """A proxy for plain requests. It closes the connection after each answer."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += receive(client, 1)
    line, _, rest = head.partition(b"\r\n")
    method, url, version = line.split(b" ")
    listener.seen.append(next((text.split(b": ", 1)[1].decode() for text in rest.split(b"\r\n")
                               if text.lower().startswith(b"proxy-authorization:")), None))
    parts = urllib.parse.urlsplit(url.decode())
    path = url.decode().split(parts.netloc, 1)[1] or "/"
    kept = [text for text in rest.split(b"\r\n") if text and not text.lower().startswith((b"proxy-", b"connection:"))]
    with socket.create_connection(("127.0.0.1", parts.port)) as server:
        server.sendall(b"\r\n".join([b" ".join([method, path.encode(), version]), *kept, b"Connection: close", b"", b""]))
        join(client, server)
