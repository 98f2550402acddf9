# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that answer anything. The host goes on, reports what is wrong in a sentence, and shows texts as they are."""

import html
import json
import pathlib
import re

from case import ALICE, BOB, NASTY, Case
from fbchat_testkit import until
from fbchat_testkit.rewriting_proxy import NO_LOOP, RewritingProxy, answer
from headless import ERROR, INVALID_SETTINGS, NETWORK_ERROR, RECV, SEND, plain

AUTHENTICATION_IMPOSSIBLE = 3
MEGABYTE = 1 << 20
# What servers have sent instead of JSON according to reports, and more.
GARBAGE = {
    "page": b"<html><body>Welcome to our hotel!</body></html>",
    "nothing": b"",
    "null": NO_LOOP + b"null",
    "list": NO_LOOP + b"[]",
    "half": NO_LOOP + b'{"t":"msg","ms":[{"type":"ms',
    "nulls": NO_LOOP + b'{"t":null,"ms":null,"seq":null}',
    "bytes": b"\xff\x00\xfe{",
    "deep": b"[" * MEGABYTE,
    "error": (500, b"Internal Server Error"),
    "elsewhere": (404, b"not here"),
}
# Invalid items of the channel.
ITEMS = (
    None, [], 0, "\"\"", {}, {"type": None}, {"type": ["msg"]}, {"type": "msg"}, {"type": "msg", "msg": None, "from": 1, "to": 2},
    {"type": "msg", "msg": {"text": None, "msgID": "1", "time": 1}, "from": 100002, "to": 100001},
    {"type": "msg", "msg": {"text": ["x"], "msgID": None}, "from": 100002, "to": 100001},
    {"type": "msg", "msg": {"text": "from nobody", "msgID": "2"}, "from": -100002, "to": 100001},
    {"type": "msg", "msg": {"text": "from far away", "msgID": "3"}, "from": 2 ** 64, "to": 100001},
    {"type": "typ"}, {"type": "typ", "st": None, "from": None, "to": {}}, {"type": "typ", "st": 1, "from": -1, "to": 0},
    {"type": "presence", "uid": 2 ** 64, "state": "active"}, {"type": "presence", "uid": -5, "state": 17},
    {"type": "presence", "uid": 100002, "state": "asleep"},
    {"type": "status", "uid": None, "text": {}}, {"type": "picture", "uid": 100002, "thumbSrc": {}},
    {"type": "friend_request", "uid": "x", "name": None}, {"type": "friend", "uid": 0, "action": "eaten"},
    {"type": "poke"}, {"type": "poke", "uid": None}, {"type": "inbox", "unseen": "many"}, {"type": "group_msg", "x": [[[]]]},
    {"type": "notification", "markup": "<script>"},
)


class Hostile(Case):
    def setUp(self):
        super().setUp()
        self.server = self.demo()
        self.proxy = RewritingProxy(self.server.address)
        self.addCleanup(self.proxy.close)

    def both(self, *options, **variables):
        """Alice behind the proxy, and Bob, who is not."""
        alice, bob = self.host("alice", **variables), self.host("bob")
        self.sign_on(alice, ALICE, self.proxy.url, *options)
        self.sign_on(bob, BOB, self.server.url)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return alice, bob

    def still_works(self, alice, bob, text="and on it goes"):
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, text)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, text)
        self.assert_undisturbed(alice)
        self.assertEqual(alice.have("message"), [], "a message was shown that nobody sent")


class Channel(Hostile):
    def test_invalid_items(self):
        alice, bob = self.both()
        before = alice.buddies(ALICE)
        self.proxy.add_items(*ITEMS)
        self.still_works(alice, bob)
        self.assertEqual(alice.buddies(ALICE), before)
        self.assertEqual(alice.have("window", account=ALICE)[1:], [])

    def test_garbage_instead_of_an_answer(self):
        alice, bob = self.both()
        for name, garbage in GARBAGE.items():
            with self.subTest(name):
                self.proxy.change("/x/", garbage)
                self.still_works(alice, bob, f"after {name}")

    def test_lost_session_is_recovered(self):
        alice, bob = self.both()
        for name, body in (("refresh", b'{"t":"refresh"}'), ("reload", b'{"t":"fullReload"}')):
            with self.subTest(name):
                self.proxy.change("/x/", NO_LOOP + body)
                self.still_works(alice, bob, f"after {name}")

    def test_strange_messages(self):
        """Without names, with impossible times, with halves of surrogate pairs, and with numbers in quotes."""
        alice, bob = self.both()
        item = '{"type":"msg","msg":{"text":"%s","time":%s,"msgID":"%s"},"from":%s,"to":100001%s}'
        self.proxy.add_items(
            item % (r"half \ud83c and \udf89 of it", 1209557232415, "a", 100002, ""),
            item % (r"nul \u0000 and bell \u0007", -5, "b", 100002, ""),
            item % ("long ago", 0, "c", '"100002"', ""),
            item % ("far ahead", 10 ** 17, "d", 100002, ',"from_name":null'),
            item % ("a stranger", "null", "e", 777, r',"from_name":"\u202eEve <b>&amp;"'))
        bob.do("send", BOB, self.alice, text="last")
        bob.message(BOB, self.alice, SEND)
        shown = [alice.wait("message", account=ALICE) for _ in range(6)]
        self.assertEqual([plain(message["markup"]) for message in shown],
                         ["half \ufffd and \ufffd of it", "nul \ufffd and bell \ufffd", "long ago", "far ahead", "a stranger", "last"])
        self.assertEqual([message["with"] for message in shown], [self.bob] * 4 + ["777", self.bob])
        self.assertEqual(shown[0]["time"], "1209557232")
        # A message without a time gets the current one, not that of 1970.
        for message in shown[1:3] + shown[4:]:
            self.assertGreater(int(message["time"]), 1209557232)
        self.still_works(alice, bob)


class Login(Hostile):
    def test_wrong_pages(self):
        """Each gives an error message; with the right pages, signing on works again."""
        host = self.host("alice")
        page = ("/home.php", "/presence/popout.php")
        answers = {
            "captcha": (AUTHENTICATION_IMPOSSIBLE, ["/login.php"],
                        lambda body: None if b"<form" in body else b"<p>Please type the captcha."),
            "no form": (INVALID_SETTINGS, ["/login.php"], b"<html></html>"),
            "broken": (NETWORK_ERROR, ["/login.php"], (500, b"<h1>Internal Server Error</h1>")),
            "large": (NETWORK_ERROR, ["/login.php"], b"<p>" * 4 * MEGABYTE),
            "binary": (INVALID_SETTINGS, ["/login.php"], bytes(range(256)) * 100),
            "empty page": (INVALID_SETTINGS, page, b""),
            "nobody's page": (INVALID_SETTINGS, page, b'<input type="hidden" id="user" name="user" value="0" />'),
            "no channel": (NETWORK_ERROR, ["/ajax/presence/reconnect.php", "/x/"], answer(None)),
            "hotel": (INVALID_SETTINGS, ["/"], GARBAGE["page"]),
        }
        for name, (reason, paths, change) in answers.items():
            with self.subTest(name):
                for path in paths:
                    self.proxy.change(path, change, times=1000)
                host.do("account", ALICE, "demo", self.proxy.url, "outage_seconds=3")
                error = host.wait("error", account=ALICE)
                self.assertEqual(int(error["reason"]), reason)
                self.assert_sentence(error["text"])
                self.assertRegex(error["text"], r"^[^<]*[.!?]$")
                host.wait("disconnected", account=ALICE)
                self.proxy.rules.clear()
        self.sign_on(host, ALICE, self.proxy.url, "outage_seconds=90")


class List(Hostile):
    def listed(self, entries):
        """Alice, whose list has these buddies as well, by uid; and Bob."""
        def change(body):
            if b"userInfos" not in body:
                return None
            reply = json.loads(body.removeprefix(NO_LOOP))
            reply["payload"]["buddy_list"]["userInfos"].update(entries)
            return NO_LOOP + json.dumps(reply).encode()

        self.proxy.change("/ajax/", change, times=1000)
        return self.both()

    def test_names_and_status_lines_as_they_are(self):
        names = {"301": "<b>&amp; \u202egnirts\u202c 👨‍👩‍👧", "302": "x" * 20000, "303": "tab\tand\nline", "304": "\ufeff\u0301"}
        status = "<i>&lt; \u202e" + "ü" * 20000
        alice, bob = self.listed({uid: {"name": name, "status": status, "statusTime": 1}
                                  for uid, name in (names | {"100002": "Bob Example"}).items()})
        buddies = alice.buddies(ALICE)
        for uid, name in names.items():
            self.assertEqual(buddies[uid]["alias"], name)
        self.assertEqual(html.unescape(buddies[self.bob]["text"]), status)
        # libpurple does not insert the name into its own texts either.
        self.proxy.add_items({"type": "poke", "uid": 301, "name": names["301"], "time": 1})
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "a poke came before this")
        self.assertEqual(plain(alice.message(ALICE, "301", RECV)["markup"]), "You were poked")
        self.still_works(alice, bob)

    def test_invalid_entries(self):
        alice, bob = self.listed({
            "0": {"name": "zero"}, "-5": {"name": "minus"}, str(2 ** 64): {"name": "large"}, "x": {"name": "x"}, "401": None,
            "402": [], "403": {"name": None}, "404": {"name": {}}, "405": {"name": "Five", "thumbSrc": 5},
            "406": {"name": "Six", "thumbSrc": "file:///etc/passwd", "status": [], "statusTime": "x"}})
        # A buddy without a name is shown by the uid.
        self.assertEqual({who: buddy["alias"] for who, buddy in alice.buddies(ALICE).items() if who.startswith("4")},
                         {"401": "401", "402": "402", "403": "403", "404": "404", "405": "Five", "406": "Six"})
        self.assertEqual([who for who in alice.buddies(ALICE) if not re.fullmatch("40[1-6]|10000[23]", who)], [])
        self.still_works(alice, bob)

    def test_invalid_pictures(self):
        """A page, nothing, ten megabytes, an error, and a picture on another machine."""
        pictures = {"501": GARBAGE["page"], "502": b"", "503": b"\x89PNG" + bytes(10 * MEGABYTE), "504": (500, b"x" * 100)}
        entries = {}
        for uid, picture in pictures.items():
            path = f"/pics/q{uid}_{uid:0>32}.jpg"
            self.proxy.change(path, picture, times=1000)
            entries[uid] = {"name": f"Friend {uid}", "thumbSrc": self.proxy.url + path}
        alice, bob = self.listed(entries | {"505": {"name": "Else", "thumbSrc": f"http://192.0.2.1/pics/q505_{5:0>32}.jpg"}})
        asked = {f"/pics/q{uid}" for uid in pictures}
        until("all were asked for", lambda: asked <= {path.split("_")[0] for path in self.proxy.seen})
        self.still_works(alice, bob)
        refused = re.compile("fbchat: no picture: .{20}")
        until("all were refused", lambda: len(refused.findall(
            pathlib.Path(alice.log).read_text(encoding="utf-8", errors="replace"))) == len(entries) + 1)
        self.assertEqual({buddy["icon_size"] for buddy in alice.buddies(ALICE).values()}, {"0"})


class Calls(Hostile):
    def test_message_that_fails_is_shown_with_its_text(self):
        alice, bob = self.both()
        answers = {
            "refused": answer([], 1356003, errorDescription="<b>No</b> &amp; never"),
            "unknown": answer(None, 999999999, errorDescription=None),
            "negative": answer({}, -1, errorDescription=["x"]),
        }
        for name, body in answers.items():
            with self.subTest(name):
                text = f"<i>{name}</i> & {NASTY}"
                self.proxy.change("/ajax/chat/send.php", body)
                alice.do("send", ALICE, self.bob, text=text)
                alice.message(ALICE, self.bob, SEND)
                failure = plain(alice.message(ALICE, self.bob, ERROR)["markup"])
                self.assertTrue(failure.endswith("\n" + text))
                self.assert_sentence(failure.split(" This message was not sent")[0])
        self.assertEqual(bob.have("message"), [])
        self.still_works(alice, bob)

    def test_request_is_repeated_after_garbage_and_the_message_sent_once(self):
        alice, bob = self.both()
        for name, garbage in GARBAGE.items():
            with self.subTest(name):
                self.proxy.change("/ajax/chat/send.php", garbage)
                self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, f"{name} {NASTY}")
        self.still_works(alice, bob)
        self.assertEqual(bob.have("message"), [])

    def test_every_other_request_may_fail(self):
        """Each request gives an error message, and the host goes on."""
        alice, bob = self.both()
        for garbage in (GARBAGE["page"], GARBAGE["half"], answer([], 1, errorDescription="<b>&lt; \u202eno it is")):
            self.proxy.rules.clear()
            for path in ("/ajax/fbchat/", "/ajax/poke.php", "/ajax/chat/history.php", "/ajax/updatestatus.php", "/updatestatus.php",
                         "/ajax/chat/typ.php", "/ajax/chat/settings.php", "/pic_upload.php", "/ajax/profile/"):
                self.proxy.change(path, garbage, times=1000)
            alice.do("info", ALICE, self.bob)
            said = [alice.wait("userinfo", account=ALICE)["text"].removeprefix("<b>Error</b>: ")]
            alice.do("slash", ALICE, self.bob, text="search Bob")
            said.append(html.escape(alice.wait("notify")["primary"], quote=False))
            for command in ("history", "poke"):
                alice.do("slash", ALICE, self.bob, text=command)
                said.append(alice.message(ALICE, self.bob, ERROR)["markup"])
            alice.message(ALICE, self.bob, SEND)  # "Poking …"
            alice.do("slash", ALICE, self.bob, text="status busy")
            said.append(html.escape(alice.wait("notify")["primary"], quote=False))
            for markup in said:
                self.assert_sentence(plain(markup))
        self.proxy.rules.clear()
        self.still_works(alice, bob)


class Older(Hostile):
    def test_server_that_cannot_change_names(self):
        for page in ("/home.php", "/presence/popout.php"):
            self.proxy.change(page, lambda body: body.replace(b"&quot;name&quot;:true,", b""), times=1000)
        alice, _ = self.both()
        alice.do("action", ALICE, "-")
        self.assertNotIn("Change Name...", [item["label"] for item in alice.have("action")])
        alice.do("rename", ALICE, text="Ally")
        self.assertIn("does not offer changing the name", alice.wait("name-refused")["text"])


class Log(Hostile):
    def test_has_no_secrets_and_shows_what_happened(self):
        alice, bob = self.both(PURPLE_VERBOSE_DEBUG="1")
        password = "a-wrong-password"
        texts = ["sent-text", "received-text", "status-text", "failed-text", "shown-elsewhere"]
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, texts[0])
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, texts[1])
        alice.do("message", ALICE, "available", text=texts[2])
        bob.wait("buddy-status", who=self.alice)
        self.proxy.change("/ajax/chat/send.php", answer([], 1356003, errorDescription="Not now."))
        alice.do("send", ALICE, self.bob, text=texts[3])
        alice.message(ALICE, self.bob, SEND)
        alice.message(ALICE, self.bob, ERROR)
        phone = self.host("phone")
        self.sign_on(phone, ALICE, self.server.url)
        phone.do("send", ALICE, self.bob, text=texts[4])
        bob.message(BOB, self.alice, RECV)
        alice.wait("message", markup=texts[4])
        self.proxy.change("/x/", GARBAGE["page"])
        # The first message may arrive by a poll that is held already, the second one only after the garbage.
        self.still_works(alice, bob, "texts of no interest")
        self.still_works(alice, bob, "and more of them")
        alice.do("account", ALICE, password, self.proxy.url)
        alice.do("disconnect", ALICE)
        alice.do("connect", ALICE)
        alice.wait("error", account=ALICE)
        alice.quit()
        # The lines with JSON are for the test; all others are the debug log.
        lines = pathlib.Path(alice.log).read_text(encoding="utf-8", errors="replace").splitlines()
        log = "\n".join(line for line in lines if not line.startswith("{"))
        self.assertGreaterEqual(len(self.proxy.secrets), 4)
        for secret in [*self.proxy.secrets, password, *texts]:
            if len(secret) > 4:
                self.assertNotIn(secret, log)
        for word in ("logged in", "connected", "waiting", "CREDENTIALS"):
            self.assertIn(word, log)
