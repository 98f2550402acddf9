"""nginx and Caddy in front of the server, with the configurations of docs/server.md and certificates of their own."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile

from case import Case
from fbchat_testkit import LIMIT, certificates, free_port, until

MANUAL = os.path.join(os.path.dirname(__file__), "../../../docs/server.md")


def documented(sentence, server):
    """The indented lines after this sentence, with the address of the test's server."""
    with open(MANUAL, encoding="utf-8") as manual:
        after = manual.read().split(sentence + "\n\n")[1]
    lines = []
    for line in after.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line.removeprefix("    "))
    text = "\n".join(lines)
    assert text.count("127.0.0.1:8080") == 1, text
    return text.replace("127.0.0.1:8080", server.address)


class ReverseProxy:
    """A running proxy at https://localhost and some port; `ca` is the file with the certificate to trust."""

    def __init__(self, server):
        self.directory = tempfile.mkdtemp(prefix="fbchat-proxy-")
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.log = open(self.path("log"), "wb")
        command, environment = self.prepare(server)
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env={**os.environ, **environment})
        until("the proxy to answer", self.answers)

    def program(self, name):
        return os.path.join(Case.options.proxies, name)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def answers(self):
        if self.process.poll() is not None:
            with open(self.path("log"), encoding="utf-8") as log:
                raise RuntimeError(log.read())
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def connect(self, source="127.0.0.1"):
        """A connection from one of this machine's addresses, over TLS."""
        context = ssl.create_default_context(cafile=self.ca)
        connection = socket.create_connection(("127.0.0.1", self.port), LIMIT, (source, 0))
        return context.wrap_socket(connection, server_hostname="localhost")

    def discard(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Nginx(ReverseProxy):
    def prepare(self, server):
        self.ca, key = certificates.self_signed(self.directory, "cert", "-addext", "basicConstraints=critical,CA:FALSE")
        temporary = "".join(f"{kind}_temp_path {self.path(kind)};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.write("nginx.conf", f"""
            daemon off; master_process off; pid {self.path("pid")}; error_log stderr;
            events {{}}
            http {{
                access_log off; {temporary}
                server {{
                    listen 127.0.0.1:{self.port} ssl http2;
                    ssl_certificate {self.ca}; ssl_certificate_key {key};
                    {documented("nginx, inside `server { … }` with its certificate:", server)}
                }}
            }}""")
        return [self.program("usr/sbin/nginx"), "-p", self.directory, "-e", "stderr", "-c", config], {}


class Caddy(ReverseProxy):
    def prepare(self, server):
        # Its own authority instead of a public one.
        self.ca = self.path("caddy/pki/authorities/local/root.crt")
        site = documented("Caddy, the whole `Caddyfile`:", server)
        assert site.count("chat.example.org") == 1, site
        options = f"{{\nadmin off\nskip_install_trust\nhttps_port {self.port}\nauto_https disable_redirects\n}}\n"
        config = self.write("Caddyfile", options + site.replace("chat.example.org", "localhost"))
        return [self.program("usr/bin/caddy"), "run", "--config", config, "--adapter", "caddyfile"], {"XDG_DATA_HOME": self.directory, "XDG_CONFIG_HOME": self.directory}
