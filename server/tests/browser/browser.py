"""Chromium, and what users do in it."""

import base64
import functools
import shutil
import tempfile

import fbchat_testkit
from clients import PASSWORD
from fbchat_testkit import LIMIT
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

# An element may have been replaced since it was found.
until = functools.partial(fbchat_testkit.until, retry_on=StaleElementReferenceException)


class Browser:
    """Headless Chromium with a profile of its own."""

    def __init__(self, name):
        self.profile = tempfile.mkdtemp(prefix=f"fbchat-chromium-{name}-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en-GB",
                         "--disable-background-networking", "--no-proxy-server", f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        # The proxies of these tests make their own certificates.
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.page_load_strategy = "eager"
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(LIMIT)
        self.size(1200, 780)

    def size(self, width, height, mobile=False):
        """Sets the size of the page itself; that of the window includes its frame."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def reset(self, server):
        """As new: no cookies, no storage, one tab, an empty log."""
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

    def errors(self):
        """The errors that the browser reports about our pages, except that a server could not be reached."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "ERR_CONNECTION" not in entry["message"]]

    def js(self, script, *arguments):
        return self.driver.execute_script("return " + script, *arguments)

    def find(self, css):
        """The first visible element, once there is one."""
        return until(f"{css} to be shown", lambda: next((found for found in self.all(css) if found.is_displayed()), None))

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def click(self, css):
        """Clicks once that is possible: another element may cover this one for a moment."""

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
        """Enters a text at once; WebDriver types no characters beyond the basic plane."""
        self.driver.execute_script("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", self.find(css), text)

    def text(self, css):
        return self.js("[...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", css)

    def sees(self, css, text, limit=LIMIT):
        until(f"{text!r} in {css}, which is {self.text(css)}", lambda: any(text in found for found in self.text(css)), limit)

    def key(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        return self.js("document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()")

    # ---- What users do ----

    def open(self, path="/"):
        self.driver.get(self.url + path)

    def log_in(self, email, password=PASSWORD):
        self.open("/login.php")
        self.log_in_here(email, password)

    def log_in_here(self, email, password=PASSWORD):
        """Fills in the form that is shown."""
        self.fill("#email", email)
        self.fill("#pass", password)
        self.key(Keys.ENTER)

    def enter(self, email, password=PASSWORD):
        """Logs in and waits until the page is loaded and connected."""
        self.log_in(email, password)
        self.connected()

    def connected(self):
        self.find("#friend_list li, #no_friends")
        until("the connection", lambda: self.text("#state") == [""])

    def chat(self, name):
        """Opens the conversation with a friend; returns its input field."""
        self.driver.execute_script("arguments[0].click()", until(f"{name} in the list", lambda: next(
            (found for found in self.all("#friend_list button") if found.text == name), None)))
        return self.find(".chat.open textarea")

    def send(self, text):
        """Sends a message in the open conversation."""
        self.paste(".chat.open textarea", text)
        self.find(".chat.open textarea").send_keys(Keys.ENTER)

    def messages(self):
        """All messages of the open conversation, oldest first."""
        return self.text(".chat.open .log li > p:first-of-type")

    def receives(self, text):
        until(f"{text!r} in the open conversation", lambda: text in self.messages())

    def screenshot(self, path):
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def discard(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)
