# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that answer anything. The host goes on, says what is wrong in a sentence, and shows texts as they are."""

import html
import json
import pathlib
import re

from case import ALICE, BOB, NASTY, Case
from front import NO_LOOP, Front, answer
from peers import ERROR, INVALID_SETTINGS, NETWORK_ERROR, RECV, SEND, eventually, plain

AUTHENTICATION_IMPOSSIBLE = 3
MEGABYTE = 1 << 20
# What came instead of JSON in other people's reports, and some more.
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
# Items of the channel that mean nothing.
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
        self.front = Front(self.server.address)
        self.addCleanup(self.front.end)

    def both(self, *options, **variables):
        """Alice behind the front, and Bob, who is not."""
        alice, bob = self.host("alice", **variables), self.host("bob")
        self.sign_on(alice, ALICE, self.front.url, *options)
        self.sign_on(bob, BOB, self.server.url)
        self.alice, self.bob = self.uid(bob, BOB, "Alice Example"), self.uid(alice, ALICE, "Bob Example")
        self.wait_online(alice, ALICE, self.bob)
        return alice, bob

    def goes_on(self, alice, bob, text="and on it goes"):
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, text)
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, text)
        self.assert_undisturbed(alice)
        self.assertEqual(alice.have("message"), [], "something was shown that nobody wrote")


class Channel(Hostile):
    def test_items_that_make_no_sense(self):
        alice, bob = self.both()
        before = alice.buddies(ALICE)
        self.front.add_items(*ITEMS)
        self.goes_on(alice, bob)
        self.assertEqual(alice.buddies(ALICE), before)
        self.assertEqual(alice.have("window", account=ALICE)[1:], [])

    def test_garbage_instead_of_an_answer(self):
        alice, bob = self.both()
        for name, garbage in GARBAGE.items():
            with self.subTest(name):
                self.front.change("/x/", garbage)
                self.goes_on(alice, bob, f"after {name}")

    def test_lost_session_is_found_again(self):
        alice, bob = self.both()
        for name, body in (("refresh", b'{"t":"refresh"}'), ("reload", b'{"t":"fullReload"}')):
            with self.subTest(name):
                self.front.change("/x/", NO_LOOP + body)
                self.goes_on(alice, bob, f"after {name}")

    def test_strange_messages(self):
        """Without names, with times that cannot be, with halves of characters, and numbers in quotes."""
        alice, bob = self.both()
        item = '{"type":"msg","msg":{"text":"%s","time":%s,"msgID":"%s"},"from":%s,"to":100001%s}'
        self.front.add_items(
            item % (r"half \ud83c and \udf89 of it", 1209557232415, "a", 100002, ""),
            item % (r"nul \u0000 and bell \u0007", -5, "b", 100002, ""),
            item % ("long ago", 0, "c", '"100002"', ""),
            item % ("far ahead", 10 ** 17, "d", 100002, ',"from_name":null'),
            item % ("a stranger", "null", "e", 777, r',"from_name":"\u202eEve <b>&amp;"'))
        bob.do("send", BOB, self.alice, text="last")
        bob.message(BOB, self.alice, SEND)
        shown = [alice.wait("message", account=ALICE) for _ in range(6)]
        self.assertEqual([plain(message["markup"]) for message in shown],
                         ["half \ufffd and \ufffd of it", "nul \ufffd and bell \a", "long ago", "far ahead", "a stranger", "last"])
        self.assertEqual([message["with"] for message in shown], [self.bob] * 4 + ["777", self.bob])
        self.assertEqual(shown[0]["time"], "1209557232")
        # A message without a time is one of now, not of 1970.
        for message in shown[1:3] + shown[4:]:
            self.assertGreater(int(message["time"]), 1209557232)
        self.goes_on(alice, bob)


class Login(Hostile):
    def test_pages_that_are_none(self):
        """Each ends in a sentence; and when the server is itself again, signing on works."""
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
                    self.front.change(path, change, times=1000)
                host.do("account", ALICE, "demo", self.front.url, "outage_seconds=1")
                error = host.wait("error", account=ALICE)
                self.assertEqual(int(error["reason"]), reason)
                self.assert_sentence(error["text"])
                self.assertRegex(error["text"], r"^[^<]*[.!?]$")
                host.wait("disconnected", account=ALICE)
                self.front.rules.clear()
        self.sign_on(host, ALICE, self.front.url)


class List(Hostile):
    def listed(self, entries):
        """Alice, who is told of these people, too, by number; and Bob."""
        def change(body):
            if b"userInfos" not in body:
                return None
            reply = json.loads(body.removeprefix(NO_LOOP))
            reply["payload"]["buddy_list"]["userInfos"].update(entries)
            return NO_LOOP + json.dumps(reply).encode()

        self.front.change("/ajax/", change, times=1000)
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
        # Nor does libpurple put a name into what it says itself.
        self.front.add_items({"type": "poke", "uid": 301, "name": names["301"], "time": 1})
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, "a poke came before this")
        self.assertEqual(plain(alice.message(ALICE, "301", RECV)["markup"]), "You were poked")
        self.goes_on(alice, bob)

    def test_entries_that_make_no_sense(self):
        alice, bob = self.listed({
            "0": {"name": "zero"}, "-5": {"name": "minus"}, str(2 ** 64): {"name": "large"}, "x": {"name": "x"}, "401": None,
            "402": [], "403": {"name": None}, "404": {"name": {}}, "405": {"name": "Five", "thumbSrc": 5},
            "406": {"name": "Six", "thumbSrc": "file:///etc/passwd", "status": [], "statusTime": "x"}})
        # Who has no name goes by his number.
        self.assertEqual({who: buddy["alias"] for who, buddy in alice.buddies(ALICE).items() if who.startswith("4")},
                         {"401": "401", "402": "402", "403": "403", "404": "404", "405": "Five", "406": "Six"})
        self.assertEqual([who for who in alice.buddies(ALICE) if not re.fullmatch("40[1-6]|10000[23]", who)], [])
        self.goes_on(alice, bob)

    def test_pictures_that_are_none(self):
        """A page, nothing, ten megabytes, an error, and one that another machine is to serve."""
        pictures = {"501": GARBAGE["page"], "502": b"", "503": b"\x89PNG" + bytes(10 * MEGABYTE), "504": (500, b"x" * 100)}
        entries = {}
        for uid, picture in pictures.items():
            path = f"/pics/q{uid}_{uid:0>32}.jpg"
            self.front.change(path, picture, times=1000)
            entries[uid] = {"name": f"Friend {uid}", "thumbSrc": self.front.url + path}
        alice, bob = self.listed(entries | {"505": {"name": "Else", "thumbSrc": f"http://192.0.2.1/pics/q505_{5:0>32}.jpg"}})
        asked = {f"/pics/q{uid}" for uid in pictures}
        eventually("all were asked for", lambda: asked <= {path.split("_")[0] for path in self.front.seen})
        self.goes_on(alice, bob)
        refused = re.compile("fbchat: no picture: .{20}")
        eventually("all were refused", lambda: len(refused.findall(
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
                self.front.change("/ajax/chat/send.php", body)
                alice.do("send", ALICE, self.bob, text=text)
                alice.message(ALICE, self.bob, SEND)
                failure = plain(alice.message(ALICE, self.bob, ERROR)["markup"])
                self.assertTrue(failure.endswith("\n" + text))
                self.assert_sentence(failure.split(" This message was not sent")[0])
        self.assertEqual(bob.have("message"), [])
        self.goes_on(alice, bob)

    def test_garbage_is_asked_again_and_the_message_sent_once(self):
        alice, bob = self.both()
        for name, garbage in GARBAGE.items():
            with self.subTest(name):
                self.front.change("/ajax/chat/send.php", garbage)
                self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, f"{name} {NASTY}")
        self.goes_on(alice, bob)
        self.assertEqual(bob.have("message"), [])

    def test_everything_else_may_fail_too(self):
        """Whatever is asked for, there is a sentence in its place, and the host goes on."""
        alice, bob = self.both()
        for garbage in (GARBAGE["page"], GARBAGE["half"], answer([], 1, errorDescription="<b>&lt; \u202eno it is")):
            self.front.rules.clear()
            for path in ("/ajax/fbchat/", "/ajax/poke.php", "/ajax/chat/history.php", "/ajax/updatestatus.php", "/updatestatus.php",
                         "/ajax/chat/typ.php", "/ajax/chat/settings.php", "/pic_upload.php", "/ajax/profile/"):
                self.front.change(path, garbage, times=1000)
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
        self.front.rules.clear()
        self.goes_on(alice, bob)


class Older(Hostile):
    def test_server_that_cannot_change_names(self):
        for page in ("/home.php", "/presence/popout.php"):
            self.front.change(page, lambda body: body.replace(b"&quot;name&quot;:true,", b""), times=1000)
        alice, _ = self.both()
        alice.do("action", ALICE, "-")
        self.assertNotIn("Change Name...", [item["label"] for item in alice.have("action")])
        alice.do("rename", ALICE, text="Ally")
        self.assertIn("does not offer changing the name", alice.wait("name-refused")["text"])


class Log(Hostile):
    def test_holds_no_secrets_and_says_what_happened(self):
        alice, bob = self.both(PURPLE_VERBOSE_DEBUG="1")
        password = "a-wrong-password"
        texts = ["sent-text", "received-text", "status-text", "failed-text", "shown-elsewhere"]
        self.exchange(alice, ALICE, self.bob, bob, BOB, self.alice, texts[0])
        self.exchange(bob, BOB, self.alice, alice, ALICE, self.bob, texts[1])
        alice.do("message", ALICE, "available", text=texts[2])
        bob.wait("buddy-status", who=self.alice)
        self.front.change("/ajax/chat/send.php", answer([], 1356003, errorDescription="Not now."))
        alice.do("send", ALICE, self.bob, text=texts[3])
        alice.message(ALICE, self.bob, SEND)
        alice.message(ALICE, self.bob, ERROR)
        phone = self.host("phone")
        self.sign_on(phone, ALICE, self.server.url)
        phone.do("send", ALICE, self.bob, text=texts[4])
        bob.message(BOB, self.alice, RECV)
        alice.wait("message", markup=texts[4])
        self.front.change("/x/", GARBAGE["page"])
        # The first message may come with the poll that is held already; the other only after the garbage.
        self.goes_on(alice, bob, "texts of no interest")
        self.goes_on(alice, bob, "and more of them")
        alice.do("account", ALICE, password, self.front.url)
        alice.do("disconnect", ALICE)
        alice.do("connect", ALICE)
        alice.wait("error", account=ALICE)
        alice.quit()
        # What the host prints for the test is JSON; all other lines are the debug log.
        lines = pathlib.Path(alice.log).read_text(encoding="utf-8", errors="replace").splitlines()
        log = "\n".join(line for line in lines if not line.startswith("{"))
        self.assertGreaterEqual(len(self.front.secrets), 4)
        for secret in [*self.front.secrets, password, *texts]:
            if len(secret) > 4:
                self.assertNotIn(secret, log)
        for word in ("logged in", "connected", "waiting", "CREDENTIALS"):
            self.assertIn(word, log)
