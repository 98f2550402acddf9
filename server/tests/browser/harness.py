"""The processes that the tests drive: fbchatd, browsers, the terminal client. Waits are for conditions and have a limit."""

import base64
import json
import os
import queue
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

LIMIT = 30.0  # seconds; generous, since the machine may be busy compiling
PASSWORD = "correct horse"


def until(what, attempt, limit=LIMIT):
    """Repeats until there is an answer that is true. An element that was just drawn anew is no error."""
    deadline = time.monotonic() + limit
    last = None
    while True:
        try:
            last = attempt()
            if last:
                return last
        except StaleElementReferenceException as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}; last: {last!r}")
        time.sleep(0.05)


class Server:
    """fbchatd on a data directory of its own, with accounts that all have the same password."""

    def __init__(self, fbchatd, artefacts):
        self.fbchatd = fbchatd
        self.data = tempfile.mkdtemp(prefix="fbchat-browser-")
        self.config = os.path.join(self.data, "config.toml")
        with open(self.config, "w", encoding="utf-8") as config:
            config.write('registration = "open"\n')
        self.log = open(os.path.join(artefacts, "browser-server.log"), "wb")
        self.listen = "127.0.0.1:0"
        self.uids = {}

    def run(self, *words):
        command = [self.fbchatd, *words, "--data", self.data]
        done = subprocess.run(command, input=PASSWORD + "\n", capture_output=True, text=True, check=True, timeout=LIMIT)
        return done.stdout.strip()

    def account(self, name, email):
        self.uids[email] = int(self.run("user", "add", email, "--name", name).rpartition(" ")[2])

    def befriend(self, one, other):
        self.run("friend", "add", one, other)

    def start(self):
        command = [self.fbchatd, "serve", "--data", self.data, "--config", self.config, "--listen", self.listen]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        # The same place after the next start.
        self.listen = self.url.removeprefix("http://")

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def discard(self):
        self.stop(signal.SIGKILL)
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)


class Client:
    """A client without a browser, for what another person does."""

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
    def payload(script):
        answer = json.loads(script.removeprefix("for (;;);"))
        assert answer["error"] == 0, answer
        return answer["payload"]

    def upload(self, picture):
        head = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
        body = head.format("post_form_id") + self.form_id + "\r\n" + head.format("pic")
        body = body.encode() + picture + b"\r\n--b--\r\n"
        return self.payload(self.request("/pic_upload.php", body, **{"Content-Type": "multipart/form-data; boundary=b"}))

    def send(self, to, text):
        self.sent += 1
        self.call("/ajax/chat/send.php", {"to": to, "msg_text": text, "msg_id": f"{self.uid}{self.sent}"})

    def history(self, uid):
        return [item["msg"]["text"] for item in self.call(f"/ajax/chat/history.php?id={uid}")["history"]]


class Terminal:
    """The terminal client, fed and read through pipes."""

    def __init__(self, fbchat, server, email, password_file, *options):
        with open(password_file, "w", encoding="utf-8") as file:
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

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def discard(self):
        self.process.stdin.close()
        self.process.wait(LIMIT)
        self.process.stdout.close()


class Browser:
    """Headless Chromium with a profile of its own."""

    def __init__(self, name):
        self.profile = tempfile.mkdtemp(prefix=f"fbchat-chromium-{name}-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en-GB",
                         "--disable-background-networking", "--no-proxy-server", f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        # Proxies in these tests make their own.
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.page_load_strategy = "eager"
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(LIMIT)
        self.size(1200, 780)

    def size(self, width, height, mobile=False):
        """The size of the page itself, as the window's frame counts in its own size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def reset(self, server):
        """As new: no cookies, nothing kept, one tab, no complaints."""
        for handle in self.driver.window_handles[1:]:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])
        self.driver.get(server.url + "/assets/icon.svg")
        self.driver.execute_script("sessionStorage.clear()")
        self.driver.delete_all_cookies()
        self.driver.get_log("browser")
        self.size(1200, 780)
        self.url = server.url

    def complaints(self):
        """What the browser has to say about our pages; that a server was away is expected where it was."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "ERR_CONNECTION" not in entry["message"]]

    def js(self, script, *arguments):
        return self.driver.execute_script("return " + script, *arguments)

    def find(self, css):
        """The first such element that is shown, once there is one."""
        return until(f"{css} to be shown", lambda: next((found for found in self.all(css) if found.is_displayed()), None))

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def click(self, css):
        """Clicks once it is possible: something else may be in front for a moment."""

        def attempt():
            try:
                self.find(css).click()
                return True
            except StaleElementReferenceException:
                raise
            except WebDriverException as error:
                if "click intercepted" not in str(error):
                    raise
                return False

        until(f"a click on {css}", attempt)

    def fill(self, css, text):
        field = self.find(css)
        field.clear()
        field.send_keys(text)

    def paste(self, css, text):
        """Long or strange text at once; WebDriver's keys stop at the basic plane."""
        self.driver.execute_script("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", self.find(css), text)

    def text(self, css):
        return self.js("[...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", css)

    def sees(self, css, text, limit=LIMIT):
        until(f"{text!r} in {css}, which is {self.text(css)}", lambda: any(text in found for found in self.text(css)), limit)

    def key(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        return self.js("document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()")

    # ---- What people do ----

    def open(self, path="/"):
        self.driver.get(self.url + path)

    def log_in(self, email, password=PASSWORD):
        self.open("/login.php")
        self.fill("#email", email)
        self.fill("#pass", password)
        self.key(Keys.ENTER)

    def enter(self, email, password=PASSWORD):
        """Logs in and waits until the page is there and connected."""
        self.log_in(email, password)
        self.connected()

    def connected(self):
        self.find("#friend_list li, #no_friends")
        until("the connection", lambda: self.text("#state") == [""])

    def chat(self, name):
        """Opens the window with a friend; gives the field to write in."""
        self.driver.execute_script("arguments[0].click()", until(f"{name} in the list", lambda: next(
            (found for found in self.all("#friend_list button") if found.text == name), None)))
        return self.find(".chat.open textarea")

    def write(self, text):
        """Writes in the window that has the focus."""
        self.paste(".chat.open textarea", text)
        self.find(".chat.open textarea").send_keys(Keys.ENTER)

    def said(self):
        """All messages of the open window, oldest first."""
        return self.text(".chat.open .log li > p:first-of-type")

    def hears(self, text):
        until(f"{text!r} in the open window", lambda: text in self.said())

    def screenshot(self, path):
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def discard(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)
