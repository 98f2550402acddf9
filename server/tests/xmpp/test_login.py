"""Logging in and out, and what the server says of itself."""

import asyncio
import os
import re
import signal
import ssl
import urllib.request

from case import DOMAIN, Case, Raw, jid, until
from clients import PASSWORD
from fbchat_testkit import run
from fbchat_testkit.certificates import self_signed
from managed import plain


class Login(Case):
    async def test_every_name_of_a_user_gives_the_same_address(self):
        [ann] = self.accounts("Ann Example")
        uid = next(line.split()[0] for line in self.site.admin("user", "list").splitlines() if ann in line)
        for name in (ann, ann.upper(), self.email("Ann").replace("@", "\\40"), uid):
            person = await self.person(name.replace("@", "\\40"), resource="Home 1").log_in()
            self.assertEqual(person.boundjid.full, f"{jid(ann)}/Home 1")
            await person.leave()

    async def test_a_wrong_password_and_an_unknown_user_are_alike(self):
        [bob] = self.accounts("Bob Example")

        def fail(name):
            raw = self.raw().send(Raw.OPEN)
            raw.read("</stream:features>")
            return raw.send(plain(name, "wrong")).read("</failure>")

        told = await asyncio.to_thread(fail, bob)
        self.assertIn("<not-authorized/>", told)
        self.assertEqual(told, await asyncio.to_thread(fail, "nobody.at.all"))
        # The throttle is that of the web: after some failures the right password has to wait, too, on both sides.
        def throttled():
            return "temporary-auth-failure" in fail(bob)

        await until("the throttle", throttled)

    async def test_a_login_is_listed_and_ends_when_it_is_revoked_or_the_password_changes(self):
        [cy] = self.accounts("Cy Example")
        web = await self.web("Cy")
        person = await self.person(cy, resource="Phone").log_in()

        def logins():
            return {login["client"]: login for login in web.call("/ajax/fbchat/sessions.php")["sessions"]}

        login = (await asyncio.to_thread(logins))["XMPP: Phone"]
        self.assertTrue(login["online"])
        await asyncio.to_thread(web.call, "/ajax/fbchat/sessions.php", {"end": login["id"]})
        self.assertEqual((await person.wait("stream_error"))["condition"], "not-authorized")
        await person.wait("disconnected")
        person = await self.person(cy, resource="Phone").log_in()
        await asyncio.to_thread(web.call, "/ajax/fbchat/password.php", {"old": PASSWORD, "new": "another horse"})
        self.assertEqual((await person.wait("stream_error"))["condition"], "not-authorized")
        self.assertNotIn("XMPP: Phone", await asyncio.to_thread(logins))
        # Logging out ends the login, too.
        person = await self.person(cy, password="another horse", resource="Desk").log_in()
        self.assertIn("XMPP: Desk", await asyncio.to_thread(logins))
        await person.leave()
        await until("the logout", lambda: "XMPP: Desk" not in logins())

    async def test_a_resource_belongs_to_the_latest_that_asks_for_it(self):
        [dan] = self.accounts("Dan Example")
        first = await self.person(dan).log_in()
        second = await self.person(dan).log_in()
        self.assertEqual((await first.wait("stream_error"))["condition"], "conflict")
        others = [await self.person(dan, resource=str(number)).log_in(available=False) for number in range(9)]
        one_more = self.person(dan, resource="one more")
        one_more.open()
        self.assertEqual((await one_more.wait("stream_error"))["condition"], "resource-constraint")
        self.assertTrue(second.is_connected() and all(other.is_connected() for other in others))

    async def test_xmpp_and_pages_share_a_tls_port_and_what_came_before_tls_is_discarded(self):
        [eve] = self.accounts("Eve Example")

        def direct(*protocols):
            raw = self.raw(self.site.tls)
            raw.encrypt(self.site.certificate, *protocols)
            raw.send(Raw.OPEN)
            features = raw.read("</stream:features>")
            raw.send(plain(eve)).read("<success")
            return features

        # Some clients name no protocol, like browsers of old.
        for protocols in (["xmpp-client"], []):
            self.assertNotIn("starttls", await asyncio.to_thread(direct, *protocols))
        page = await asyncio.to_thread(self.site_page)
        self.assertIn("login.php", page)

        def injected():
            raw = self.raw().send(Raw.OPEN)
            raw.read("</stream:features>")
            raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + plain(eve)).read("<proceed")
            raw.read("/>")
            raw.encrypt(self.site.certificate)
            raw.send(Raw.OPEN)
            return raw.read("</stream:features>")

        self.assertIn("PLAIN", await asyncio.to_thread(injected))

    def site_page(self):
        context = ssl.create_default_context(cafile=self.site.certificate)
        with urllib.request.urlopen(f"https://localhost:{self.site.tls}/login.php", context=context, timeout=60) as page:
            return page.read().decode()

    async def test_what_the_server_says_of_itself(self):
        [fay] = self.accounts("Fay Example")
        person = await self.person(fay).log_in()
        info = await person["xep_0030"].get_info(jid=DOMAIN)
        self.assertIn(("server", "im", None, "fbchatd"), info["disco_info"]["identities"])
        features = info["disco_info"]["features"]
        for present in ("urn:xmpp:carbons:2", "urn:xmpp:blocking", "urn:xmpp:ping", "vcard-temp", "jabber:iq:search", "jabber:iq:register"):
            self.assertIn(present, features)
        for absent in ("http://jabber.org/protocol/muc", "urn:xmpp:http:upload:0"):
            self.assertNotIn(absent, features)
        own = await person["xep_0030"].get_info(jid=jid(fay))
        self.assertIn("urn:xmpp:mam:2", own["disco_info"]["features"])
        items = await person["xep_0030"].get_items(jid=DOMAIN)
        self.assertEqual({item[0] for item in items["disco_items"]["items"]}, {f"rooms.{DOMAIN}", f"upload.{DOMAIN}"})
        version = await person["xep_0092"].get_version(DOMAIN)
        self.assertEqual(version["software_version"]["name"], "fbchatd")
        await person["xep_0199"].ping(DOMAIN)
        time = await person["xep_0202"].get_entity_time(DOMAIN)
        utc = time.xml.find("{urn:xmpp:time}time/{urn:xmpp:time}utc").text
        self.assertRegex(utc, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$")

    async def test_a_stop_is_told_and_nothing_is_lost(self):
        gus, hal = self.accounts("Gus Example", "Hal Example")
        person = await self.person(gus).log_in()
        web = await self.web("Hal")
        uid = await asyncio.to_thread(lambda: next(iter(web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"])))
        await asyncio.to_thread(self.site.stop)
        self.assertEqual((await person.wait("stream_error"))["condition"], "system-shutdown")
        await asyncio.to_thread(self.site.start)
        web = await self.web("Hal")
        await asyncio.to_thread(web.send, uid, "while you were away")
        person = await self.person(gus).log_in()
        message = await person.text(body="while you were away")
        self.assertTrue(re.match(r"20\d\d-", message["delay"].xml.attrib["stamp"]))
        # It is fetched now.
        await person.leave()
        person = await self.person(gus).log_in()
        await asyncio.to_thread(web.send, uid, "here again")
        self.assertEqual((await person.text())["body"], "here again")

    async def test_a_new_certificate_is_used_and_streams_go_on(self):
        [ann] = self.accounts("Ann Example")
        old = await self.person(ann, resource="old").log_in()
        await asyncio.to_thread(self_signed, self.site.data, "tls")
        self.site.server.process.send_signal(signal.SIGHUP)

        def is_new():
            raw = self.raw(self.site.tls)
            try:
                raw.encrypt(self.site.certificate, "xmpp-client")
            except ssl.SSLError:
                return False
            return True

        await until("the new certificate", is_new)
        await self.person(ann, resource="new").log_in()
        await old["xep_0199"].ping(DOMAIN)

    async def test_a_certificate_for_another_domain_is_told_before_clients_refuse_it(self):
        def check(domain):
            path = os.path.join(self.site.data, f"{domain}.toml")
            with open(self.site.config, encoding="utf-8") as settings, open(path, "w", encoding="utf-8") as changed:
                changed.write(settings.read().replace(f'xmpp_domain = "{DOMAIN}"', f'xmpp_domain = "{domain}"'))
            return run(self.site.fbchatd, "config", "check", path)

        warning = "which is xmpp_domain"
        self.assertIn(warning, await asyncio.to_thread(check, "chat.example.org"))
        told = await asyncio.to_thread(check, DOMAIN)
        self.assertNotIn(warning, told)
        self.assertIn(f"_xmpp-client._tcp.{DOMAIN}. SRV 0 5 {self.site.xmpp} {DOMAIN}.", told)
