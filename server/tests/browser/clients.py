"""Clients without a browser: over HTTP, and the terminal client."""

import json
import os
import queue
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from fbchat_testkit import LIMIT

PASSWORD = "correct horse"


class Client:
    """A client over HTTP, for what another user does."""

    def __init__(self, server, email, password=PASSWORD, agent="test/1", ca=None):
        self.base = server.url
        self.agent = agent
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(), tls)
        self.fetch("/login.php")
        page = self.fetch("/login.php", {"email": email, "pass": password, "lsd": self.cookie("lsd")})
        self.form_id = page.split('post_form_id:"')[1].split('"')[0]
        self.uid = int(self.cookie("c_user"))
        self.sent = 0

    def cookie(self, name):
        [jar] = [handler.cookiejar for handler in self.opener.handlers if hasattr(handler, "cookiejar")]
        return next((cookie.value for cookie in jar if cookie.name == name), "")

    def fetch(self, path, form=None):
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        return self.request(path, body)

    def request(self, path, body, **headers):
        request = urllib.request.Request(self.base + path, body, {"User-Agent": self.agent, **headers})
        with self.opener.open(request, timeout=LIMIT) as answer:
            return answer.read().decode()

    def call(self, path, form=None):
        if form is not None:
            form = dict(form, post_form_id=self.form_id)
        return self.payload(self.fetch(path, form))

    @staticmethod
    def parsed(script):
        return json.loads(script.removeprefix("for (;;);"))

    @classmethod
    def payload(cls, script):
        answer = cls.parsed(script)
        assert answer["error"] == 0, answer
        return answer["payload"]

    def upload(self, picture):
        return self.post_file("/pic_upload.php", "pic", picture)

    def post_file(self, path, name, content, filename=None, **fields):
        """Posts a form with a file as its last field."""
        head = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
        fields = {"post_form_id": self.form_id, **fields}
        body = "".join(head.format(field, "") + value + "\r\n" for field, value in fields.items())
        body += head.format(name, f'; filename="{filename}"' if filename else "")
        body = body.encode() + content + b"\r\n--b--\r\n"
        return self.payload(self.request(path, body, **{"Content-Type": "multipart/form-data; boundary=b"}))

    def send_file(self, to, text, filename, content):
        file = self.post_file("/ajax/messaging/upload.php", "attachment", content, filename, upload_id="1")
        self.send(to, text, **{"attachments[0]": file["file_id"]})

    def send(self, to, text, **more):
        self.sent += 1
        self.call("/ajax/chat/send.php", {"to": to, "msg_text": text, "msg_id": f"{self.uid}{self.sent}", **more})

    def history(self, uid):
        return [item["msg"]["text"] for item in self.call(f"/ajax/chat/history.php?id={uid}")["history"]]


class Terminal:
    """The terminal client, fed and read through pipes."""

    def __init__(self, fbchat, server, email, password_file, *options):
        with open(password_file, "w", encoding="utf-8") as file:
            # The client refuses one that others can read.
            os.fchmod(file.fileno(), 0o600)
            file.write(PASSWORD + "\n")
        command = [fbchat, "--json", "--server", server.url, "--password-file", password_file, *options, email]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def wait(self, event, **fields):
        deadline = time.monotonic() + LIMIT
        while True:
            item = self.lines.get(timeout=max(deadline - time.monotonic(), 0.01))
            if item["event"] == event and all(item.get(key) == value for key, value in fields.items()):
                return item

    def type(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def discard(self):
        self.process.stdin.close()
        self.process.wait(LIMIT)
        self.process.stdout.close()
