"""Builds the image of the Containerfile, runs it, and runs Caddy in front of it as compose.yaml does.

    test-container.py --proxies DIRECTORY       a root directory in which Debian's Caddy is

Needs root, buildah and debootstrap. No image registry is used: the base image is made by debootstrap, and Rust comes from this machine.
Processes share this machine's network, so compose.yaml is compared with what is run here: settings, ports, volumes and commands."""

import argparse
import contextlib
import http.cookiejar
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "container"
LIMIT = 30.0  # seconds; generous, since the machine may be busy
BUILD_LIMIT = 3600.0  # only against a hang
BASE = "localhost/fbchat-test-base"
IMAGE = "localhost/fbchatd-test"
PASSWORD = "correct horse"


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def until(what, attempt):
    deadline = time.monotonic() + LIMIT
    while True:
        found = attempt()
        if found:
            return found
        check(time.monotonic() < deadline, f"waited in vain for {what}")
        time.sleep(0.05)


def run(*command, limit=LIMIT, **options):
    """Runs a program that should succeed, and returns what it printed. When it takes too long, what it started ends with it."""
    text = " ".join(str(word) for word in command)
    typed = options.pop("input", None)
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True, **options)
    try:
        printed, complaints = process.communicate(typed, timeout=limit)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        check(not isinstance(error, subprocess.TimeoutExpired), f"{text}: not done after {limit:.0f} s")
        raise
    check(process.returncode == 0, f"{text}\n{printed}{complaints}")
    return printed.strip()


def buildah_command(*words):
    # A storage of its own, and the one driver that works everywhere.
    return ["buildah", "--root", str(WORK / "storage"), "--runroot", str(WORK / "run"), "--storage-driver", "vfs", *map(str, words)]


def buildah(*words, limit=LIMIT * 4):
    return run(*buildah_command(*words), limit=limit, env={**os.environ, "BUILDAH_ISOLATION": "chroot"})


CARGO_HOME = os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")


def make_base():
    """Debian with a C compiler, as a base for building and for running. Made once; `make clean` removes it. For building, this machine's
    Rust is mounted at /opt/rust."""
    if subprocess.run(buildah_command("inspect", "--type", "image", BASE), capture_output=True, check=False, timeout=LIMIT).returncode == 0:
        return
    tree = WORK / "base"
    shutil.rmtree(tree, ignore_errors=True)
    run("debootstrap", "--variant=minbase", "--include=gcc,libc6-dev,make", "bookworm", tree, limit=BUILD_LIMIT)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, tree, "/", limit=BUILD_LIMIT)
    path = "/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    buildah("config", "--env", f"PATH={path}", "--env", f"CARGO_HOME={CARGO_HOME}", container)
    buildah("commit", "--quiet", container, BASE, limit=BUILD_LIMIT)
    buildah("rm", container)
    shutil.rmtree(tree)


def build_image():
    # Crates and what was compiled are kept outside of the image, so that this needs no network and a second build takes seconds.
    run(os.environ.get("CARGO", "cargo"), "fetch", "--locked", cwd=ROOT, limit=BUILD_LIMIT)
    (WORK / "target").mkdir(exist_ok=True)
    rust = os.path.realpath(run("rustc", "--print", "sysroot", cwd=ROOT))
    buildah("build", "--quiet", "--format", "docker", "--file", ROOT / "Containerfile", "--tag", IMAGE,
            "--build-arg", f"BUILDER={BASE}", "--build-arg", f"BASE={BASE}", "--build-arg", "PROFILE=dev", "--build-arg", "OUTPUT=debug",
            "--build-arg", "FEATURES=",
            "--volume", f"{CARGO_HOME}:{CARGO_HOME}", "--volume", f"{rust}:/opt/rust:ro",
            "--volume", f"{WORK / 'target'}:/source/target", ROOT, limit=BUILD_LIMIT)


class Container:
    """A container of the image, for several commands one after the other or at the same time."""

    def __init__(self, environment):
        self.process = None
        self.name = buildah("from", "--pull-never", IMAGE)
        self.set(environment)
        config = json.loads(buildah("inspect", self.name))["Docker"]["config"]
        self.config = config
        self.data = tempfile.mkdtemp(prefix="fbchat-container-")
        # As a new volume gets it from the image.
        os.chown(self.data, 2008, 2008)
        [volume] = config["Volumes"]
        self.volume = f"--volume={self.data}:{volume}"

    def set(self, environment):
        self.settings = [f"--env={name}={value}" for name, value in environment.items()]

    def command(self, *words):
        return buildah_command("run", "--isolation", "chroot", *self.settings, self.volume, self.name, "--", *words)

    def fbchatd(self, *words, **options):
        return run(*self.command(*self.config["Entrypoint"], *words), **options)

    def serve(self, log):
        """What a container engine starts. Returns the address where it listens."""
        self.process = subprocess.Popen(self.command(*self.config["Entrypoint"], *self.config["Cmd"]), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        check(line.startswith("listening on http://"), f"the server prints {line!r}; its log: {pathlib.Path(log.name).read_text(encoding='utf-8')}")
        return line.split("http://")[1].strip()

    def server(self):
        """The server's process: an engine stops it with a signal, and buildah does not pass signals on."""
        found = [pid for pid in descendants(self.process.pid) if pathlib.Path(f"/proc/{pid}/exe").readlink().name == "fbchatd"]
        check(len(found) == 1, f"one server should run, not {len(found)}")
        return found[0]

    def stop(self):
        os.kill(self.server(), signal.SIGTERM)
        check(self.process.wait(LIMIT) == 0, f"the server ended with status {self.process.returncode}")

    def discard(self):
        if self.process and self.process.poll() is None:
            os.kill(self.server(), signal.SIGKILL)
            self.process.wait(LIMIT)
        buildah("rm", self.name)
        shutil.rmtree(self.data)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Caddy:
    """Caddy with the Caddyfile of compose.yaml. Certificates come from an authority of its own, as for all names that are not public."""

    def __init__(self, program, file, upstream, log):
        self.place = tempfile.mkdtemp(prefix="fbchat-caddy-")
        port = free_port()
        options = f"{{\nadmin off\nskip_install_trust\nhttps_port {port}\nauto_https disable_redirects\n}}\n"
        config = os.path.join(self.place, "Caddyfile")
        pathlib.Path(config).write_text(options + file.read_text(encoding="utf-8"), encoding="utf-8")
        environment = {"DOMAIN": "localhost", "UPSTREAM": upstream, "XDG_DATA_HOME": self.place, "XDG_CONFIG_HOME": self.place}
        command = [program, "run", "--config", config, "--adapter", "caddyfile"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
        self.url = f"https://localhost:{port}"
        authority = os.path.join(self.place, "caddy/pki/authorities/local/root.crt")
        until("Caddy's certificate", lambda: os.path.exists(authority))
        cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(cookies),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority)))
        self.cookies = cookies

    def fetch(self, path, form=None):
        body = urllib.parse.urlencode(form).encode() if form else None
        with self.opener.open(self.url + path, body, LIMIT) as answer:
            return answer.read().decode()

    def answers(self):
        check(self.process.poll() is None, "Caddy ended")
        try:
            return self.fetch("/healthz").strip() == "ok"
        except OSError:
            return False

    def discard(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        shutil.rmtree(self.place, ignore_errors=True)


def log_in_through_caddy(program, caddyfile, address, log):
    caddy = Caddy(program, caddyfile, address, log)
    try:
        until("an answer through Caddy", caddy.answers)
        caddy.fetch("/login.php")
        page = caddy.fetch("/login.php", {"email": "alice@example.org", "pass": PASSWORD})
        check("Alice Example" in page, "a login through Caddy")
        # Secure cookies show that the server trusts what Caddy says.
        names = {cookie.name: cookie.secure for cookie in caddy.cookies}
        check(names.get("c_user") and names.get("xs"), f"cookies are not Secure: {names}")
    finally:
        caddy.discard()


def check_image(config):
    check(config["User"] == "fbchatd", f"the image runs as {config['User']!r}")
    check(config["Entrypoint"] == ["fbchatd"] and config["Cmd"] == ["serve"], "what the image starts")
    check(list(config["Volumes"]) == ["/var/lib/fbchatd"], f"the image's volumes: {config['Volumes']}")
    check(list(config["ExposedPorts"]) == ["8080/tcp"], f"the image's ports: {config['ExposedPorts']}")
    settings = dict(entry.split("=", 1) for entry in config["Env"])
    check(settings["FBCHATD_LISTEN"] == "0.0.0.0:8080", "the port that the image exposes is where the server listens")
    check(settings["FBCHATD_DATA"] in config["Volumes"], "the data are on the volume")


def check_compose(compose):
    """What compose.yaml connects must fit together, and to the image."""
    services, volumes = compose["services"], compose["volumes"]
    server, caddy = services["fbchatd"], services["caddy"]
    check((ROOT / server["build"]["context"] / server["build"]["dockerfile"]).samefile(ROOT / "Containerfile"), "compose.yaml builds another image")
    check(json.loads(server["environment"]["FBCHATD_TRUSTED_PROXIES"]) == [caddy["networks"]["chat"]["ipv4_address"]],
          "compose.yaml: the trusted proxy is not Caddy")
    check(json.loads(server["environment"]["FBCHATD_HOSTS"]) == [caddy["environment"]["DOMAIN"]], "compose.yaml: the server does not know the name that Caddy serves")
    check("ports" not in server, "compose.yaml: the server can be reached without Caddy")
    check(caddy["environment"]["UPSTREAM"] == "fbchatd:8080", "compose.yaml: Caddy leads elsewhere")
    check(caddy["ports"] == ["80:80", "443:443"], "compose.yaml: ports of Caddy")
    check(caddy["command"] == ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"], "compose.yaml: command of Caddy")
    for name, service in services.items():
        check(all(other in services for other in service.get("depends_on", [])), f"compose.yaml: what {name} depends on")
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            check((ROOT / source).is_file() if source.startswith(".") else source in volumes, f"compose.yaml: {name} mounts {source}")
        check(set(service["networks"]) <= set(compose["networks"]), f"compose.yaml: networks of {name}")
    check(server["volumes"] == ["data:/var/lib/fbchatd"], "compose.yaml: the data are not on the volume")
    [file] = [mount.split(":")[0] for mount in caddy["volumes"] if mount.split(":")[1] == "/etc/caddy/Caddyfile"]
    return ROOT / file


def health_check(container):
    """Runs the image's check as a container engine does, and returns whether it passes."""
    kind, *command = container.config["Healthcheck"]["Test"]
    check(kind == "CMD", "the health check is no command")
    return subprocess.run(container.command(*command), capture_output=True, check=False, timeout=LIMIT).returncode == 0


def descendants(pid):
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            yield int(child)
            yield from descendants(int(child))


# buildah wants / to be a mount point, which it is not in a chroot. The mounts are in a namespace of their own, below one that is private, so
# that none of them is left behind.
OWN_ROOT = """
mount --make-rprivate / 2>/dev/null || true
mount -t tmpfs tmpfs "$1" && mount --make-private "$1"
mkdir "$1/root" && mount --rbind / "$1/root" && mount --make-rprivate "$1/root"
root=$1 && shift
exec chroot "$root/root" "$@"
"""


def run_in_own_root(proxies):
    """Runs this program again, with a mount point as its root directory, and returns its status."""
    place = tempfile.mkdtemp(prefix="fbchat-root-")
    command = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-euc", OWN_ROOT, "sh", place,
               sys.executable, "-B", os.path.abspath(__file__), "--proxies", proxies, "--own-root"]
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        os.rmdir(place)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proxies", required=True, type=os.path.abspath)
    parser.add_argument("--own-root", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    check(os.geteuid() == 0, "test-container needs root, for debootstrap and chroot")
    if not options.own_root:
        sys.exit(run_in_own_root(options.proxies))
    WORK.mkdir(parents=True, exist_ok=True)

    settings = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    compose = yaml.safe_load(re.sub(r"\$\{DOMAIN:[^}]*\}", "localhost", settings))
    caddyfile = check_compose(compose)
    make_base()
    build_image()

    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open(WORK / "log", "wb"))
        container = Container(compose["services"]["fbchatd"]["environment"])
        stack.callback(container.discard)
        check_image(container.config)
        # compose.yaml's settings are valid. After that, settings for this machine's network replace them.
        container.fbchatd("config", "check", "/dev/null")
        container.set({"FBCHATD_TRUSTED_PROXIES": '["127.0.0.1"]', "FBCHATD_LISTEN": "127.0.0.1:0", "FBCHATD_METRICS_LISTEN": f"127.0.0.1:{free_port()}"})
        container.fbchatd("user", "add", "alice@example.org", "--name", "Alice Example", input=PASSWORD + "\n")
        check(not health_check(container), "the health check passes without a server")
        address = container.serve(log)
        check(health_check(container), "the health check fails while the server runs")
        status = pathlib.Path(f"/proc/{container.server()}/status").read_text(encoding="utf-8")
        check("\nUid:\t2008\t2008\t2008\t2008\n" in status, "the server runs as another user")
        log_in_through_caddy(os.path.join(options.proxies, "usr/bin/caddy"), caddyfile, address, log)
        container.stop()
        check("alice@example.org" in container.fbchatd("user", "list"), "the account is not on the volume")
    print("test-container: the image and compose.yaml are good")


if __name__ == "__main__":
    main()
