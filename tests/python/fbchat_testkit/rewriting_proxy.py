# SPDX-License-Identifier: MIT OR Apache-2.0
"""A proxy in front of fbchatd that changes its answers into whatever a server or a network may answer instead."""

import contextlib
import http.client
import http.server
import json
import re
import threading

NO_LOOP = b"for (;;);"


def answer(payload, error=0, **more):
    """The body of a call's answer."""
    return NO_LOOP + json.dumps({"error": error, "errorSummary": "", "errorDescription": "No error.", "payload": payload,
                                 **more}).encode()


class RewritingProxy:
    """Passes everything on, except where a rule applies. Collects the secrets that must not be in any log."""

    def __init__(self, server):
        self.server = server
        self.rules = []
        self.secrets = set()
        self.seen = []  # paths
        self.shift = 0  # how many inserted items the client has counted
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(handler):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.serve(handler)

            do_GET = do_POST = handle_any

            def log_message(handler, *arguments):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            def handle_error(self, request, address):
                """A client may disconnect at any time."""

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def close(self):
        self.listener.shutdown()
        self.listener.server_close()

    def change(self, path, change, times=1):
        """Changes the next answers to paths with this prefix. A function gets the body and returns another one, or None to
        leave it. A body, or a status, a body and then headers, is answered without passing the request on."""
        with self.lock:
            self.rules.append([path, times, change])

    def add_items(self, *items):
        """Inserts items before those of the next answer of the channel that has some. Strings are JSON already."""
        def change(body):
            reply = json.loads(body.removeprefix(NO_LOOP))
            if reply["t"] != "msg":
                return None
            self.shift += len(items)
            texts = [item if isinstance(item, str) else json.dumps(item) for item in items] + list(map(json.dumps, reply["ms"]))
            return NO_LOOP + b'{"t":"msg","c":"p_1","ms":[' + ",".join(texts).encode() + b"]}"

        self.change("/x/", change)

    def changed(self, path, body=None):
        """Status and body by the first rule that applies, or None. Without a body, only rules that need none apply."""
        with self.lock:
            for rule in self.rules:
                if not path.startswith(rule[0]) or callable(rule[2]) != (body is not None):
                    continue
                made = rule[2](body) if callable(rule[2]) else rule[2]
                if made is None:
                    continue
                rule[1] -= 1
                if rule[1] == 0:
                    self.rules.remove(rule)
                return made if isinstance(made, tuple) else (200, made)
        return None

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.seen.append(handler.path)
        made = self.changed(handler.path)
        headers = made[2:] if made else []
        if not made:
            reply, content = self.ask(handler, body)
            made = self.changed(handler.path, content)
            if not made:
                made = reply.status, content
                headers = reply.getheaders()
        handler.send_response(made[0])
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(made[1])))
        handler.end_headers()
        handler.wfile.write(made[1])

    def ask(self, handler, body):
        path = re.sub(r"(?<=/p_)(\d+)=(\d+)", lambda found: f"{found[1]}={int(found[2]) - self.shift}", handler.path)
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
        with contextlib.closing(http.client.HTTPConnection(self.server, timeout=70)) as server:
            server.request(handler.command, path, body or None, headers)
            reply = server.getresponse()
            content = reply.read()
        for name, value in reply.getheaders():
            if name.lower() == "set-cookie":
                self.secrets.add(value.split(";")[0].split("=", 1)[1])
        self.secrets.update(found.decode() for found in re.findall(rb'post_form_id" value="(\w+)"', content))
        return reply, content
