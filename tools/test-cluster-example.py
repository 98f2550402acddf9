"""Runs what docs/cluster/compose.yaml describes as processes: its scripts, settings and nginx.conf, with addresses of this machine.

    test-cluster-example.py --fbchatd PROGRAM --proxies DIRECTORY       a root directory in which Debian's nginx is

Logs in through nginx, loses a server, and loses the primary."""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))

from fbchat_testkit.processes import run  # noqa: E402
from fbchat_testkit.server import Server  # noqa: E402
from fbchat_testkit.waiting import LIMIT, until  # noqa: E402

EXAMPLE = ROOT / "docs" / "cluster"
PASSWORD = "secret"
BIN = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]


def as_postgres(*command):
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return list(map(str, command))
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *map(str, command)]


def environment(**more):
    return {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **{name: str(value) for name, value in more.items()}}


class Database:
    """A PostgreSQL of one of the services."""

    def __init__(self, place, stack):
        self.dir = pathlib.Path(place)
        self.data = self.dir / "data"
        self.log = stack.enter_context(open(self.dir / "log", "wb"))
        self.process = None

    def options(self):
        return ["-k", self.dir, "-c", "listen_addresses=", "-c", "fsync=off"]

    def start(self, command, **settings):
        self.process = subprocess.Popen(as_postgres(*command), stdout=self.log, stderr=self.log, cwd="/",
                                        env=environment(PGDATA=self.data, **settings))

    def stop(self, sig=signal.SIGQUIT):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            self.process.wait(LIMIT)

    def sql(self, text):
        return run("psql", "-qAtX", "-U", "fbchat", "-h", str(self.dir), "-d", "fbchat", "-c", text, env=environment()).strip()

    def answers(self):
        return subprocess.run(["pg_isready", "-q", "-h", self.dir], env=environment(), check=False).returncode == 0


def primary(database):
    """What the image does at its first start, and then the server."""
    run(*as_postgres("initdb", "-D", database.data, "-U", "fbchat", "-A", "trust", "--no-sync", "-E", "UTF8"), env=environment(), cwd="/")
    command = ["postgres", *database.options()]
    database.start(command)
    until("the primary", database.answers)
    run("createdb", "-U", "fbchat", "-h", str(database.dir), "fbchat", env=environment())
    settings = {"POSTGRES_USER": "fbchat", "POSTGRES_DB": "fbchat", "POSTGRES_PASSWORD": PASSWORD, "PGDATA": database.data, "PGHOST": database.dir}
    # The server's user may not be able to read this tree.
    script = database.dir / "primary.sh"
    script.write_bytes((EXAMPLE / "primary.sh").read_bytes())
    script.chmod(0o755)
    run(*as_postgres("sh", script), env=environment(**settings), cwd="/")
    database.stop(signal.SIGINT)
    # In place of the line for a network, since this one has none.
    assert "host replication replicator" in (database.data / "pg_hba.conf").read_text(encoding="utf-8")
    database.start(command)
    until("the primary", database.answers)


def standby(database, of):
    """What standby.sh does, with the socket of this machine."""
    script = database.dir / "standby.sh"
    text = (EXAMPLE / "standby.sh").read_text(encoding="utf-8")
    script.write_text(text.replace("exec postgres", f"exec postgres -k {database.dir} -c listen_addresses= -c fsync=off"), encoding="utf-8")
    script.chmod(0o755)
    database.start(["sh", script], PRIMARY=of.dir, PGPASSWORD=PASSWORD)
    until("the standby", lambda: of.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1")


def check(compose):
    """What compose.yaml connects must fit together."""
    services = compose["services"]
    chats = [name for name in services if name.startswith("chat")]
    assert len(chats) == 3 and all(services[name] == services["chat1"] for name in chats), "the servers differ"
    settings = services["chat1"]["environment"]
    hosts = urllib.parse.urlsplit(settings["FBCHATD_STORE"]).netloc.split("@")[1].split(",")
    assert hosts == ["db1", "db2"] and set(hosts) <= set(services), hosts
    [proxy] = re.findall(r'"([^"]+)"', settings["FBCHATD_TRUSTED_PROXIES"])
    assert proxy == services["nginx"]["networks"]["chat"]["ipv4_address"], proxy
    assert services["chat1"]["volumes"] == [f"files:{settings['FBCHATD_FILES_DIR']}"], "files are not shared"
    assert services["db2"]["environment"]["PRIMARY"] == "db1"
    for name, service in services.items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (EXAMPLE / source).is_file() if source.startswith(".") else source in compose["volumes"], f"{name} mounts {source}"
    return chats, settings


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def nginx(proxies, place, chats, stack):
    """nginx with nginx.conf, and addresses of this machine. Returns its URL."""
    port = free_port()
    text = (EXAMPLE / "nginx.conf").read_text(encoding="utf-8")
    for name, server in chats.items():
        assert text.count(f"server {name}:8080;") == 1, name
        text = text.replace(f"server {name}:8080;", f"server {server.address};")
    assert text.count("listen 80;") == 1
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    paths = "".join(f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    text = text.replace("http {", f"http {{ access_log off; {paths}", 1)
    config = pathlib.Path(place) / "nginx.conf"
    config.write_text(f"daemon off; pid {place}/pid; error_log {place}/error.log;\n{text}", encoding="utf-8")
    process = subprocess.Popen([f"{proxies}/usr/sbin/nginx", "-e", f"{place}/error.log", "-c", config])
    stack.callback(process.wait, LIMIT)
    stack.callback(process.terminate)
    return f"http://127.0.0.1:{port}"


def log_in(url):
    """Whether Alice can log in, at whatever server it is."""
    form = urllib.parse.urlencode({"email": "alice@example.org", "pass": PASSWORD}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    try:
        opener.open(f"{url}/login.php", timeout=LIMIT).close()
        with opener.open(f"{url}/login.php", form, LIMIT) as answer:
            return "Alice Example" in answer.read().decode()
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fbchatd", required=True, type=os.path.abspath)
    parser.add_argument("--proxies", required=True, type=os.path.abspath)
    options = parser.parse_args()
    text = (EXAMPLE / "compose.yaml").read_text(encoding="utf-8")
    compose = yaml.safe_load(text.replace("${DB_PASSWORD:?Set DB_PASSWORD}", PASSWORD).replace(
        "${DOMAIN:?Set DOMAIN to the name of the server, like chat.example.org}", "chat.example.org"))
    names, settings = check(compose)
    with contextlib.ExitStack() as stack:
        place = tempfile.mkdtemp(prefix="fbchat-cluster-")
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        os.chmod(place, 0o755)
        databases = []
        for name in ("db1", "db2"):
            os.mkdir(f"{place}/{name}")
            if os.geteuid() == 0:
                shutil.chown(f"{place}/{name}", "postgres", "postgres")
            databases.append(Database(f"{place}/{name}", stack))
            stack.callback(databases[-1].stop)
        db1, db2 = databases
        primary(db1)
        standby(db2, db1)

        hosts = ",".join(str(database.dir).replace("/", "%2F") for database in databases)
        os.mkdir(f"{place}/files")
        settings = {**settings, "FBCHATD_STORE": settings["FBCHATD_STORE"].replace("db1,db2", hosts),
                    "FBCHATD_FILES_DIR": f"{place}/files", "FBCHATD_TRUSTED_PROXIES": '["127.0.0.1"]'}
        os.environ.update(settings)
        run(options.fbchatd, "config", "check", "/dev/null")
        run(options.fbchatd, "user", "add", "alice@example.org", "--name", "Alice Example", input=PASSWORD + "\n")
        chats = {name: Server([options.fbchatd, "serve", "--listen", "127.0.0.1:0"], f"{place}/{name}.log") for name in names}
        for server in chats.values():
            stack.callback(server.stop, signal.SIGKILL)
        url = nginx(options.proxies, place, chats, stack)
        until("a login", lambda: log_in(url))
        assert len(run(options.fbchatd, "nodes").splitlines()) == 3
        chats["chat2"].stop(signal.SIGKILL)
        assert all(log_in(url) for _ in range(4)), "logins while a server is gone"
        db1.stop(signal.SIGQUIT)
        assert db2.sql("SELECT pg_promote()") == "t"
        until("a login at the new primary", lambda: log_in(url))
    print("The example of docs/cluster.md works: logins through nginx, without a server, and with the standby as the primary.")


if __name__ == "__main__":
    main()
