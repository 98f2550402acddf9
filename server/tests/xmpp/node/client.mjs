// A client of XMPP in Node, with a library and over WebSocket: client.mjs LIBRARY URL ADDRESS FRIEND, with the password in PASSWORD.
// Greets the friend once they are online, and prints the texts that it receives, one per line.

import { webcrypto } from "node:crypto";
import { createRequire } from "node:module";

// The libraries are where the program is started, not beside this file.
const require = createRequire(`${process.cwd()}/`);
const load = (name) => import(require.resolve(name));
const [library, url, address, friend] = process.argv.slice(2);
const password = process.env.PASSWORD;
const greeting = `hello from ${library}`;

const libraries = {
    "@xmpp/client": async () => {
        // Older versions of Node, among them Debian's, have neither.
        globalThis.crypto ??= webcrypto;
        globalThis.WebSocket ??= (await load("ws")).default;
        const { client, xml } = await load("@xmpp/client");
        const [username, domain] = address.split("@");
        const xmpp = client({ service: url, domain, username, password });
        xmpp.on("error", (error) => { throw error; });
        xmpp.on("online", () => xmpp.send(xml("presence")));
        let greeted = false;
        xmpp.on("stanza", (stanza) => {
            const isFriend = stanza.attrs.from?.startsWith(`${friend}/`);
            if (isFriend && stanza.is("presence") && !greeted) {
                greeted = true;
                xmpp.send(xml("message", { to: friend, type: "chat" }, xml("body", {}, greeting)));
            } else if (isFriend && stanza.is("message") && stanza.getChild("body")) {
                console.log(stanza.getChildText("body"));
            }
        });
        await xmpp.start();
    },
    "strophe.js": async () => {
        const { Strophe, $pres, $msg } = await load("strophe.js");
        const connection = new Strophe.Connection(url);
        let greeted = false;
        connection.addHandler((presence) => {
            if (presence.getAttribute("from").startsWith(`${friend}/`) && !greeted) {
                greeted = true;
                connection.send($msg({ to: friend, type: "chat" }).c("body").t(greeting));
            }
            return true;
        }, null, "presence");
        connection.addHandler((message) => {
            const [body] = message.getElementsByTagName("body");
            if (body) {
                console.log(body.textContent);
            }
            return true;
        }, null, "message");
        connection.connect(address, password, (status, condition) => {
            if (status === Strophe.Status.CONNECTED) {
                connection.send($pres());
            } else if (status === Strophe.Status.AUTHFAIL || status === Strophe.Status.CONNFAIL) {
                throw new Error(`not connected: ${condition}`);
            }
        });
    },
};

await libraries[library]();
