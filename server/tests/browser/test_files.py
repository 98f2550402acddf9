"""Files between two browsers: chosen, looked at, sent, and seen by both."""

import base64
import os
import signal

from browser import Keys, until
from case import Case
from clients import Client
from pictures import portrait

# What a script puts on the clipboard, or drops, as a person would.
PASTE = """
const data = new DataTransfer();
const bytes = Uint8Array.from(atob(arguments[1]), (c) => c.charCodeAt(0));
data.items.add(new File([bytes], arguments[2], { type: "image/png" }));
const event = arguments[3] === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
  : new DragEvent(arguments[3], { dataTransfer: data, bubbles: true, cancelable: true });
arguments[0].dispatchEvent(event);
"""


class Files(Case):
    def test_files_between_two_browsers(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one, other = self.one, self.other
        one.enter(alice)
        other.enter(bob)
        one.chat("Bob Example")
        other.chat("Alice Example")
        # Chosen, and one of them taken back.
        picture = self.picture("beach", (80, 140, 200))
        text = os.path.join(self.server.data, "notes & <b>.txt")
        with open(text, "w", encoding="utf-8") as file:
            file.write("Bring towels.")
        picker = one.all(".chat.open input[type=file]")[0]
        picker.send_keys("\n".join([picture, text]))
        until("two files to send", lambda: len(one.all(".tray li")) == 2)
        one.paste(".chat.open textarea", "From the beach")
        until("the sample", lambda: one.js(
            "document.querySelector('.tray canvas').getContext('2d').getImageData(28, 10, 1, 1).data[3]") == 255)
        self.screenshot(one, "files-chosen")
        one.find(".chat.open textarea").send_keys(Keys.ENTER)
        for browser in (one, other):
            until("the photo", lambda b=browser: b.js(
                "[...document.querySelectorAll('.chat.open .photo img')].filter((one) => one.complete && one.naturalWidth === 192).length") == 1)
            browser.sees(".chat.open .file a", "notes & <b>.txt".replace("<", "_").replace(">", "_"))
            self.assertEqual(browser.text(".chat.open .log li > p:not(.file)"), ["From the beach"])
        until("nothing to be sent", lambda: not one.all(".sending"))
        # The box was there before the picture.
        self.assertEqual(other.js("(([w, h]) => w === h)([...'wh'].map((d) => document.querySelector('.photo img')[{w: 'width', h: 'height'}[d]]))"), True)

        # Pasted and dropped; one is removed again, and nothing is sent before that is wanted.
        encoded = base64.b64encode(portrait((200, 90, 90))).decode()
        field = one.find(".chat.open textarea")
        for how in ("paste", "drop"):
            one.driver.execute_script(PASTE, field, encoded, f"{how}.png", how)
        until("two files to send", lambda: len(one.all(".tray li")) == 2)
        one.click(".tray li:first-child button")
        until("one file to send", lambda: len(one.all(".tray li")) == 1)
        self.assertEqual(len(one.all(".log .photo")), 1)
        one.click(".chat.open .compose button:not(.attach)")
        for browser in (one, other):
            until("the second photo", lambda b=browser: len(b.all(".chat.open .photo img")) == 2)

        # After a reload both are there from the history.
        other.driver.refresh()
        other.connected()
        until("the photos", lambda: len(other.all(".chat.open .photo img")) == 2)
        until("them to be loaded", lambda: other.js(
            "[...document.querySelectorAll('.photo img')].every((one) => one.complete && one.naturalWidth)"))
        self.screenshot(other, "files-received")
        other.size(390, 780, mobile=True)
        self.screenshot(other, "files-phone")
        # An old client gets links.
        lines = "\n".join(Client(self.server, bob).history(self.server.uids[alice]))
        self.assertIn("/files/", lines)
        self.assertIn("From the beach\nbeach.png (", lines)

    def test_a_long_name_takes_one_line_before_sending(self):
        alice, _bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        name = "我们全家在山上滑雪" * 6
        files = [self.picture(name, (80, 140, 200)), self.picture("b", (1, 2, 3))]
        one.all(".chat.open input[type=file]")[0].send_keys("\n".join(files))
        until("two files to send", lambda: len(one.all(".tray li")) == 2)
        self.screenshot(one, "files-long-name")
        tray = one.js("JSON.parse(JSON.stringify(document.querySelector('.tray').getBoundingClientRect()))")
        for row in one.all(".tray li"):
            self.assertLessEqual(row.rect["height"], 60)
            self.assertLessEqual(row.rect["y"] + row.rect["height"], tray["y"] + tray["height"])
            self.assertLessEqual(row.rect["x"] + row.rect["width"], tray["x"] + tray["width"])
        self.assertEqual(one.find(".tray .title").get_attribute("title"), name + ".png")

    def test_an_upload_that_an_outage_interrupts(self):
        alice, _bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        self.begin_slow_upload(one, "film.bin", 8_000_000, rate=1_000_000)
        self.server.stop(signal.SIGKILL)
        try:
            one.sees(".log .mark", "waiting for the server")
        finally:
            self.server.start()
        # It begins again by itself, and says so.
        one.sees(".log .mark", "sending…")
        self.limit_uploads(one, -1)
        one.sees(".chat.open .file a", "film.bin")
        self.assertEqual(len(one.all(".chat.open .file")), 1)

    def begin_slow_upload(self, browser, name, size, rate):
        """Sends a file to the open conversation, and returns when some of it is on its way."""
        self.limit_uploads(browser, rate)
        path = os.path.join(self.server.data, name)
        with open(path, "wb") as file:
            file.write(os.urandom(size))
        browser.all(".chat.open input[type=file]")[0].send_keys(path)
        browser.find(".tray li")
        browser.click(".chat.open .compose button:not(.attach)")
        until("progress", lambda: (browser.js("document.querySelector('.sending progress')?.value") or 0) > 0)

    def limit_uploads(self, browser, rate):
        """Sets the most bytes per second; -1 is no limit."""
        browser.driver.execute_cdp_cmd("Network.enable", {})
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
            "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate})

    def test_an_upload_that_is_cancelled_or_refused(self):
        alice, bob = self.accounts("Alice Example", "Bob Example")
        one = self.one
        one.enter(alice)
        one.chat("Bob Example")
        # Slow enough to be cancelled.
        self.begin_slow_upload(one, "large.bin", 5_000_000, rate=100_000)
        self.screenshot(one, "files-progress")
        one.click(".sending button")
        one.sees(".chat.open .said", "You have cancelled this.")
        self.limit_uploads(one, -1)
        # Once more, and now to its end.
        one.click(".chat.open .log .said button")
        one.sees(".chat.open .file a", "large.bin")
        self.assertEqual(len(one.all(".chat.open .file")), 1)
        # What is too large is not even begun.
        large = os.path.join(self.server.data, "large.bin")
        with open(large, "wb") as file:
            file.truncate(26 * 1024 * 1024)
        one.all(".chat.open input[type=file]")[0].send_keys(large)
        one.sees(".chat.open .said", "the limit is 25 MiB")
        # A picture that is none is refused by the server, and can be discarded.
        broken = os.path.join(self.server.data, "broken.png")
        with open(broken, "wb") as file:
            file.write(portrait((1, 2, 3))[:200])
        one.all(".chat.open input[type=file]")[0].send_keys(broken)
        one.find(".tray li")
        one.click(".chat.open .compose button:not(.attach)")
        one.sees(".chat.open .log .said", "The picture is damaged")
        one.click(".chat.open .log .said button:last-child")
        until("it to be gone", lambda: not one.all(".sending"))
