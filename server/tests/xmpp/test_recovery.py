"""Recovery: clients that are away or behind, servers that are killed, data that is restored. No message is lost."""

import asyncio
import os
import shlex
import shutil
import signal
import tempfile

from case import Case, Raw, Site
from clients import Client
from fbchat_testkit import run
from managed import CLIENT, Attentive, plain

STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


def origin(number):
    return f"<origin-id xmlns='urn:xmpp:sid:0' id='message {number}'/>"


class Recovery(Case):
    async def pair(self):
        """Ann, what sends as Bob over HTTP, Bob, and Ann's number."""
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        friends = await asyncio.to_thread(web.call, "/ajax/chat/buddy_list.php")
        return ann, web, bob, next(int(uid) for uid in friends["buddy_list"]["userInfos"] if int(uid) != web.uid)

    def texts(self, web, uid):
        return [item["msg"]["text"] for item in web.call(f"/ajax/chat/history.php?id={uid}&limit=100")["history"]]

    async def test_a_server_that_is_killed_loses_and_doubles_nothing(self):
        ann, web, bob, uid = await self.pair()
        received, sent = [f"in {number}" for number in range(5)], [f"out {number}" for number in range(60)]

        def before():
            one = Attentive(self, ann)
            for text in received:
                web.send(uid, text)
            one.shows(4)
            one.acknowledge()
            one.shows(5)
            one.settle()
            # Killed as soon as something is stored; the client has heard of none of it.
            for number, text in enumerate(sent):
                one.send(bob, text, origin(number))
            while sent[0] not in self.texts(web, uid):
                pass
            self.site.stop(signal.SIGKILL)
            return one

        def after(one):
            self.assertFalse(one.resume())
            unsent, shown = one.sent[1:], list(one.messages)
            one.start()
            for stanza in unsent:
                one.raw.send(stanza)
            one.settle()
            # The server does not know that the last one arrived, and may have forgotten that the others did.
            one.shows(len(shown) + 1)
            while one.messages[-1][0] != received[-1]:
                one.shows(len(one.messages) + 1)
            for text, archive_id, is_late in one.messages[len(shown):]:
                self.assertIn((text, archive_id, False), shown)
                self.assertTrue(is_late)
            return one.archive()

        one = await asyncio.to_thread(before)
        await asyncio.to_thread(self.site.start)
        archive = await asyncio.to_thread(after, one)
        web = await self.web("Bob")
        self.assertEqual(await asyncio.to_thread(self.texts, web, uid), received + sent)
        self.assertEqual([text for text, _ in archive], received + sent)

    async def test_after_a_restart_the_archive_has_what_the_client_lacks(self):
        ann, web, _, uid = await self.pair()

        def before():
            one = Attentive(self, ann)
            for text in ("a", "b"):
                web.send(uid, text)
            one.shows(2)
            one.acknowledge()
            one.settle()
            one.cut()
            for text in ("c", "d"):
                web.send(uid, text)
            self.site.stop()
            return one

        def after(one, web):
            web.send(uid, "e")
            self.assertFalse(one.resume())
            self.assertIsNotNone(one.answer.find(f"{STANZAS}item-not-found"))
            one.start()
            one.shows(5)
            missed = one.archive(one.messages[1][1])
            self.assertEqual([text for text, _ in missed], ["c", "d", "e"])
            # They come by themselves, too, under the same ids.
            self.assertEqual(one.messages[2:], [(text, archive_id, True) for text, archive_id in missed])

        one = await asyncio.to_thread(before)
        await asyncio.to_thread(self.site.start)
        await asyncio.to_thread(after, one, await self.web("Bob"))

    async def test_a_page_that_has_everything_takes_nothing_from_a_client_that_is_behind(self):
        ann, web, _, uid = await self.pair()
        page = await self.web("Ann")
        texts = [str(number) for number in range(300)]

        def send(texts):
            for text in texts:
                web.send(uid, text)

        def page_reads():
            """The page fetches and acknowledges everything that is in the channel."""
            number, found = -1, []
            while True:
                answer = Client.parsed(page.fetch(f"/x/1/true/p_{uid}={number}?batch=100&wait=0"))
                if answer["t"] == "refresh":
                    number = answer["seq"]
                elif answer["t"] == "msg":
                    number += len(answer["ms"])
                    found += [item["msg"]["text"] for item in answer["ms"] if item["type"] == "msg"]
                else:
                    return found

        def talk():
            send(texts)
            one = Attentive(self, ann)
            # The client has been sent as many stanzas as it may leave unacknowledged.
            one.settle()
            self.assertEqual(page_reads(), texts)
            one.shows(300)
            self.assertEqual((one.texts, {is_late for *_, is_late in one.messages}), (texts, {True}))
            one.acknowledge()
            one.settle()
            one.cut()
            send(["a", "b"])
            self.assertEqual(page_reads(), ["a", "b"])
            self.assertTrue(one.resume())
            one.shows(302)
            self.assertEqual(one.texts[300:], ["a", "b"])
            # For a client that comes now nothing is new, and everything is in the archive.
            other = Attentive(self, ann)
            send(["c"])
            for client, count in ((other, 1), (one, 303)):
                client.shows(count)
                self.assertEqual(client.texts[-1], "c")
            self.assertEqual(other.archive(), [(text, archive_id) for text, archive_id, _ in one.messages])

        await asyncio.to_thread(talk)

    async def test_a_client_that_sleeps_with_an_open_connection_keeps_nothing_from_others(self):
        ann, web, _, uid = await self.pair()
        texts = [f"{number} {'x' * 19_000}" for number in range(100)]

        def talk():
            sleeping, other = Attentive(self, ann), Attentive(self, ann)
            for text in texts:
                web.send(uid, text)
            for client in (other, sleeping):
                client.shows(100)
                self.assertEqual(client.texts, texts)

        await asyncio.to_thread(talk)

    async def test_a_restored_backup_and_an_export_have_the_messages(self):
        ann, web, bob, uid = await self.pair()

        def talk():
            one = Attentive(self, ann)
            one.send(bob, "from a client")
            one.settle()
            web.send(uid, "from the page")
            one.shows(1)
            return one.archive()

        archive = await asyncio.to_thread(talk)
        self.assertEqual([text for text, _ in archive], ["from a client", "from the page"])
        export = await asyncio.to_thread(self.site.admin, "export", self.email("Ann"))
        for text, _ in archive:
            self.assertIn(f'"{text}"', export)
        directory = tempfile.mkdtemp(prefix="fbchat-backup-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        backup = os.path.join(directory, "backup.db")
        await asyncio.to_thread(self.site.admin, "backup", backup)
        restored = Site(self.site.fbchatd, self.site.artefacts, self.site.clients)
        self.addCleanup(restored.discard)
        await asyncio.to_thread(restored.admin, "restore", backup)
        await asyncio.to_thread(restored.start)
        self.site = restored
        self.assertEqual(await asyncio.to_thread(lambda: Attentive(self, ann).archive()), archive)

    async def test_a_full_disk_refuses_messages_and_ends_no_stream(self):
        site = Site(self.site.fbchatd, self.site.artefacts, self.site.clients)
        self.addCleanup(site.discard)
        # The signal for files that are too large is ignored, so that writing fails as on a full disk.
        site.fbchatd = os.path.join(site.data, "fbchatd.sh")
        with open(site.fbchatd, "w", encoding="utf-8") as script:
            script.write(f"#!/bin/sh\ntrap '' XFSZ\nexec {shlex.quote(self.site.fbchatd)} \"$@\"\n")
        os.chmod(site.fbchatd, 0o700)
        await asyncio.to_thread(site.start)
        self.site = site
        ann, bob = self.accounts("Ann Example", "Bob Example")

        def limit(size):
            run("prlimit", "--pid", str(site.server.process.pid), f"--fsize={size}:unlimited")

        def talk():
            one, other = Attentive(self, ann), Attentive(self, bob)
            one.send(bob, "before")
            other.shows(1)
            limit(0)
            one.send(bob, "lost")
            error = one.next(CLIENT + "message").find(CLIENT + "error")
            self.assertEqual(error.attrib["type"], "wait")
            self.assertIsNotNone(error.find(f"{STANZAS}internal-server-error"))
            self.assertIn("Try again later.", error.find(f"{STANZAS}text").text)
            # Both streams are still there, and reading works; a new login has to wait.
            self.assertEqual([text for text, _ in other.archive()], ["before"])
            raw = self.raw().send(Raw.OPEN)
            raw.read("</stream:features>")
            raw.send(plain(bob)).read("<success ")
            raw.send(Raw.OPEN).read("</stream:features>")
            raw.send("<iq id='b' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            told = raw.rest()
            self.assertIn("<internal-server-error ", told)
            self.assertIn("Try again later.", told)
            limit("unlimited")
            one.send(bob, "after")
            other.shows(2)
            self.assertEqual(other.texts, ["before", "after"])
            Attentive(self, bob)

        await asyncio.to_thread(talk)
