// Friends with status and presence, friend requests, and the search for people.

import { answering, arrange, byId, el, foreign, handle, notice, picture } from "./dom.js";
import { get, me, post } from "./net.js";

const STATES = { active: "online", idle: "idle", offline: "offline" };
const RANK = { active: 0, idle: 0, offline: 1 };

/** Friends by uid: name, status, state, and their entry in the list. */
const friends = new Map();
let own = { name: byId("own_name").textContent, status: null };
/** What the chat bar does with friends; set once. */
let bar = { open() {}, changed() {} };

export const connect = (chatBar) => (bar = chatBar);
export const friend = (uid) => friends.get(uid);
export const stateName = (uid) => STATES[friends.get(uid)?.state ?? "offline"];

const byName = (a, b) => a.name.localeCompare(b.name) || a.uid - b.uid;

/** All friends, by name. */
export const all = () => [...friends.values()].sort(byName);
/** Those who are online, by name. */
export const online = () => all().filter((one) => one.state !== "offline");

/** Reads everything anew; gives the server's clock. */
export async function load() {
  const [answer] = await Promise.all([
    post("/ajax/presence/update.php", { buddy_list: 1, force_render: 1 }),
    loadRequests(),
  ]);
  const { userInfos, nowAvailableList } = answer.buddy_list;
  const gone = new Set(friends.keys());
  for (const [key, info] of Object.entries(userInfos)) {
    const uid = Number(key);
    gone.delete(uid);
    if (uid === me) {
      own = { name: info.name, status: info.status };
      showOwnPicture(info.thumbSrc);
      continue;
    }
    const there = nowAvailableList[key];
    const state = there ? (there.i ? "idle" : "active") : "offline";
    const known = friends.get(uid) ?? { uid };
    friends.set(uid, Object.assign(known, { name: info.name, status: info.status, thumb: info.thumbSrc, state }));
  }
  for (const uid of gone) friends.delete(uid);
  render();
  return answer.time;
}

/** Handles an item of the channel, if it is about people. */
export function take(item) {
  const known = friends.get(item.uid);
  if (item.type === "presence" && known && STATES[item.state]) {
    known.state = item.state;
  } else if (item.type === "status") {
    const status = item.text || null;
    if (item.uid === me) own.status = status;
    else if (known) known.status = status;
  } else if (item.type === "name") {
    if (item.uid === me) own.name = item.name;
    else if (known) known.name = item.name;
  } else if (item.type === "picture") {
    if (item.uid === me) showOwnPicture(item.thumbSrc);
    else if (known) known.thumb = item.thumbSrc;
  } else if (item.type === "friend") {
    if (item.action === "added") notice(`${item.name} is your friend now.`);
    load().catch((error) => notice(error.message));
    return;
  } else if (item.type === "friend_request") {
    notice(`${item.name} wants to be your friend.`);
    loadRequests().catch((error) => notice(error.message));
    return;
  } else if (item.type === "block") {
    // A request of somebody who is blocked has been declined.
    loadRequests().catch((error) => notice(error.message));
    return;
  } else if (item.type === "poke") {
    notice(`${item.name} pokes you.`);
    return;
  } else {
    return;
  }
  renderSoon();
}

let planned = false;

/** Many changes at once, as after a server's start, are drawn once. */
function renderSoon() {
  if (planned) return;
  planned = true;
  setTimeout(() => {
    planned = false;
    render();
  }, 50);
}

function render() {
  for (const id of ["own_name", "navAccountName"]) byId(id).replaceChildren(foreign(own.name));
  byId("own_status").replaceChildren(own.status ? foreign(own.status) : "");
  byId("status_clear").hidden = !own.status;
  const sorted = [...friends.values()].sort((a, b) => RANK[a.state] - RANK[b.state] || byName(a, b));
  arrange(byId("friend_list"), sorted.map(entry));
  byId("no_friends").hidden = friends.size > 0;
  bar.changed();
}

function entry(one) {
  if (!one.entry) {
    const open = () => bar.open(one.uid, one.name);
    one.parts = {
      picture: el("span"),
      name: el("button", { type: "button", class: "link", onclick: open }),
      state: el("span"),
      status: el("p", { class: "status" }),
    };
    const { picture: image, name, state, status } = one.parts;
    one.entry = el("li", {}, image, el("div", {}, name, " ", state, status));
  }
  const { picture: image, name, state, status } = one.parts;
  const drawn = JSON.stringify([one.name, one.status, one.thumb, one.state]);
  if (one.drawn !== drawn) {
    one.drawn = drawn;
    image.replaceChildren(picture(one.thumb, "small"));
    name.replaceChildren(foreign(one.name));
    state.className = `state ${one.state}`;
    state.textContent = STATES[one.state];
    status.replaceChildren(one.status ? foreign(one.status) : "");
  }
  return one.entry;
}

export function showOwnPicture(src) {
  const path = picture(src).getAttribute("src");
  for (const id of ["own_picture", "settings_picture"]) byId(id).src = path;
}

// ---- Requests ----

async function loadRequests() {
  const { requests } = await get("/ajax/fbchat/friend_requests.php");
  const list = byId("request_list");
  const known = new Map([...list.children].map((li) => [li.dataset.uid, li]));
  arrange(list, requests.map((one) => known.get(String(one.uid)) ?? request(one)));
  byId("no_requests").hidden = requests.length > 0;
  byId("request_badge").hidden = requests.length === 0;
  byId("request_badge").textContent = requests.length || "";
  byId("request_badge").setAttribute("aria-label", `${requests.length} friend requests`);
}

function request(one) {
  const answer = (action) => () =>
    answering(buttons, byId("requests").querySelector(".said"), async () => {
      await post("/ajax/reqs.php", { id: one.uid, action, type: "friend_connect" });
      byId("requests_title").focus();
      await loadRequests();
      // The friend himself comes with the channel.
      return action === "accept" ? `You and ${one.name} are friends.` : `You declined ${one.name}. Nobody is told.`;
    });
  const buttons = [
    el("button", { type: "button", onclick: answer("accept"), "aria-label": `Accept ${one.name}` }, "Accept"),
    el("button", { type: "button", class: "quiet", onclick: answer("reject"), "aria-label": `Decline ${one.name}` }, "Decline"),
  ];
  const message = one.message ? [el("p", { class: "status" }, foreign(one.message))] : [];
  const text = el("div", {}, el("strong", {}, foreign(one.name)), ...message, el("div", { class: "buttons" }, ...buttons));
  return el("li", { "data-uid": one.uid }, picture(one.thumbSrc, "small"), text);
}

// ---- Search ----

export async function search(text) {
  const said = byId("search_said");
  byId("search_list").replaceChildren();
  said.textContent = "Searching…";
  try {
    const { results } = await get("/ajax/fbchat/search.php", { q: text });
    byId("search_list").replaceChildren(...results.map(result));
    said.textContent = results.length ? `${results.length} found.` : "Nobody found. Each word must begin a word of the name; or write the whole user name or e-mail address.";
  } catch (error) {
    said.textContent = error.message;
  }
}

function result(one) {
  const said = el("p", { class: "said", role: "alert" });
  const place = el("div", { class: "buttons" });
  const show = (relation) => {
    const texts = { self: "This is you.", sent: "Your request waits for an answer." };
    if (texts[relation]) return place.replaceChildren(texts[relation]);
    const chat = () => bar.open(one.uid, one.name);
    if (relation === "friend") return place.replaceChildren(el("button", { type: "button", onclick: chat }, "Chat"));
    const ask = () =>
      answering([button], said, async () => {
        const { result: outcome } = await post("/ajax/profile/connect.php", { profile_id: one.uid });
        show(outcome === "added" || outcome === "friend" ? "friend" : "sent");
      });
    const word = relation === "received" ? "Accept as a friend" : "Ask to be friends";
    const button = el("button", { type: "button", onclick: ask, "aria-label": `${word}: ${one.name}` }, word);
    return place.replaceChildren(button);
  };
  show(one.relation);
  return el("li", {}, picture(one.thumbSrc, "small"), el("div", {}, el("strong", {}, foreign(one.name)), el("p", { class: "status" }, one.username), place, said));
}

// ---- One's own status ----

handle(byId("status_form"), async () => {
  const field = byId("status_text");
  if (!field.value.trim()) return "Write something first, or clear it.";
  own.status = (await post("/ajax/updatestatus.php", { status: field.value })).status;
  field.value = "";
  render();
});

byId("status_clear").addEventListener("click", () =>
  answering([byId("status_clear")], byId("status_form").querySelector(".said"), async () => {
    await post("/ajax/updatestatus.php", { clear: 1 });
    own.status = null;
    byId("status_text").focus();
    render();
  }),
);
