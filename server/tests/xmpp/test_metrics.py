"""What the operator sees of XMPP."""

import asyncio
import urllib.request

from case import DOMAIN, Case, jid, until
from fbchat_testkit import LIMIT


class Metrics(Case):
    def read(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.site.metrics}/metrics", timeout=LIMIT) as page:
            lines = [line.split() for line in page.read().decode().splitlines() if line.startswith("fbchatd_xmpp_")]
        return {name.removeprefix("fbchatd_xmpp_"): float(value) for name, value in lines}

    async def test_streams_stanzas_rooms_and_resumptions_are_counted(self):
        ann, bob = self.accounts("Ann Example", "Bob Example")
        web = await self.web("Bob")
        friend = await asyncio.to_thread(lambda: next(iter(web.call("/ajax/chat/buddy_list.php")["buddy_list"]["userInfos"])))
        group = await asyncio.to_thread(web.call, "/ajax/fbchat/groups.php", {"create": "Food", "ids[0]": friend, "create_id": "1"})
        before = await asyncio.to_thread(self.read)
        one = self.person(ann)
        for plugin in ("xep_0045", "xep_0198"):
            one.register_plugin(plugin)
        for event in ("sm_enabled", "session_resumed"):
            one.add_event_handler(event, lambda data, event=event: one.note(event, data))
        await one.log_in()
        await one.wait("sm_enabled")
        await one["xep_0045"].join_muc_wait(f"{group['gid']}@rooms.{DOMAIN}", "Ann Example", maxstanzas=0, timeout=LIMIT)
        one.abort()
        one.open()
        await one.wait("session_resumed")
        one.send_message(jid(bob), "hello", mtype="chat")
        await one["xep_0199"].ping(DOMAIN)
        now = await asyncio.to_thread(self.read)
        grown = {name: now[name] - before[name] for name in now}
        self.assertEqual((grown["streams"], grown["resumptions_total"], grown["rooms_joined"]), (1, 1, 1))
        self.assertGreaterEqual(grown["stanzas_received_total"], 5)
        self.assertGreaterEqual(grown["stanzas_sent_total"], 5)
        await one.leave()
        await until("the end of the stream", lambda: self.read()["streams"] == before["streams"])
        self.assertEqual((await asyncio.to_thread(self.read))["rooms_joined"], before["rooms_joined"])
