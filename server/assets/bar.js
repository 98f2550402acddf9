// The bar at the bottom: who is online, which conversations are open, and what is unread.

import * as blocks from "./blocks.js";
import { answering, arrange, byId, el, foreign, notice, picture } from "./dom.js";
import { Chat, reading } from "./chat.js";
import * as groups from "./groups.js";
import { get, post } from "./net.js";
import * as people from "./people.js";

const phone = matchMedia("(max-width: 640px)");
/** The width of tabs and windows, as in the style sheet. */
const TAB = 150;
const WINDOW = 276;
/** On a phone tabs are not shown; this many conversations are kept ready. */
const PHONE_TABS = 20;

/** By the number of the person or group, like all that follows. */
const chats = new Map();
/** Unread messages, also of those without a tab. */
const unread = new Map();
/** The server's clock when unread messages were last read from it: those up to then are counted. */
let counted = 0;
let visible = true;

/** What somebody or a group is called now. */
const nameOf = (uid, fallback) => (groups.isGroup(uid) ? groups.group(uid) : people.friend(uid))?.name ?? fallback;

/** How many messages there are to alert the user of. */
const unreadFrom = (uid) => (groups.isMuted(uid) ? 0 : (unread.get(uid)?.count ?? 0));

/** The conversations with such messages. */
const unreadChats = () => [...unread.keys()].filter(unreadFrom);

/** The tab and window for somebody; made if need be. */
function chat(uid, name) {
  let found = chats.get(uid);
  if (!found) {
    found = new Chat(uid, name, { toggle, close, looked });
    chats.set(uid, found);
    byId("chats").append(found.element);
    found.setUnread(unreadFrom(uid));
    found.setState(people.stateName(uid));
    found.redraw();
  }
  return found;
}

blocks.whenChanged(() => chats.forEach((one) => one.line.draw()));

/** Opens the window with somebody and goes there. */
function open(uid, name) {
  const wanted = chat(uid, name);
  showPanel(false);
  if (!wanted.expanded) wanted.expand(true);
  fit(wanted);
  wanted.field.focus();
  looked();
}

function toggle(wanted) {
  if (!wanted.expanded) return open(wanted.uid, wanted.name);
  wanted.expand(false);
  fit(null);
  (phone.matches ? byId("buddy_button") : wanted.tab).focus();
}

function close(wanted) {
  wanted.expand(false);
  wanted.element.remove();
  chats.delete(wanted.uid);
  fit(null);
  byId("buddy_button").focus();
}

/**
 * Makes room for `wanted`: first windows close to tabs, the longest unused first, then tabs go, those with unread messages
 * last. Nothing is lost with a tab: what is unread stands in the list as well.
 */
function fit(wanted) {
  const oldest = (test) => [...chats.values()].filter((one) => one !== wanted && test(one)).sort((a, b) => (a.unread > 0) - (b.unread > 0) || a.used - b.used)[0];
  const opened = () => [...chats.values()].filter((one) => one.expanded).length;
  const width = () => opened() * WINDOW + (chats.size - opened()) * TAB;
  const room = phone.matches ? PHONE_TABS * TAB : byId("chats").clientWidth;
  for (let one; opened() > 1 && (phone.matches || width() > room) && (one = oldest((other) => other.expanded)); ) one.expand(false);
  for (let one; width() > room && (one = oldest((other) => !other.expanded && other.idle)); ) {
    one.element.remove();
    chats.delete(one.uid);
  }
  // On a phone the window is all there is.
  for (const part of [byId("top"), byId("page")]) part.inert = phone.matches && opened() > 0;
  const kept = [...chats.values()].map(({ uid, name, expanded }) => ({ uid, name, expanded }));
  sessionStorage.setItem("chats", JSON.stringify(kept));
}

phone.addEventListener("change", () => fit(null));
addEventListener("resize", () => fit(null));

/** Opens what was open before the page was loaded anew. */
export function restore() {
  try {
    for (const { uid, name, expanded } of JSON.parse(sessionStorage.getItem("chats") ?? "[]")) {
      chat(uid, name).expand(expanded && !phone.matches);
    }
  } catch {
    sessionStorage.removeItem("chats");
  }
  fit(null);
  showUnread();
}

// ---- Messages and typing ----

/** Handles an item of the channel, if it is about chat. */
export function take(item) {
  if (item.type === "msg" || item.type === "group_msg") {
    const message = reading(item);
    if (!message.own) count(message);
    else if (unread.delete(message.uid)) showUnread(); // answered, here or elsewhere
    chats.get(message.uid)?.receive(message);
    looked();
  } else if (item.type === "typ") {
    chats.get(item.from)?.typing.show(item.from, item.st === 1);
  } else if (item.type === "ttyp") {
    chats.get(item.to)?.typing.show(item.from, item.st === 1);
  } else if (item.type === "group") {
    if (item.unread === 0 && unread.delete(item.gid)) showUnread(); // read elsewhere
  } else if (item.type === "inbox" && item.unseen !== unreadPeople()) {
    readElsewhere ||= item.unseen < unreadPeople();
    syncSoon();
  } else if (item.type === "inbox" && !readElsewhere) {
    // More was unread only until the server knew what was read here.
    clearTimeout(syncing);
    syncing = null;
  }
}

/** What the server counts in an `inbox` item. */
const unreadPeople = () => [...unread.keys()].filter((uid) => !groups.isGroup(uid)).length;

function count({ uid, otherName, time }) {
  if (time <= counted) return;
  const entry = unread.get(uid) ?? { count: 0, name: otherName };
  entry.count += 1;
  unread.set(uid, entry);
  showTab(uid, otherName);
  if (!reads(uid) && unreadFrom(uid)) byId("heard").textContent = `New message ${groups.isGroup(uid) ? "in" : "from"} ${otherName}`;
  showUnread();
}

/** Unread messages get a tab. */
function showTab(uid, name) {
  if (chats.has(uid) || !unreadFrom(uid)) return;
  chat(uid, name);
  fit(chats.get(uid));
}

const reads = (uid) => Boolean(chats.get(uid)?.reads) && document.visibilityState === "visible" && document.hasFocus();

/** Open windows have been read, once somebody looks at the page. */
function looked() {
  for (const uid of unread.keys()) {
    if (!reads(uid)) continue;
    unread.delete(uid);
    post("/ajax/chat/settings.php", { focus_chat: uid }).catch((error) => console.info(error.message));
  }
  showUnread();
}

addEventListener("focus", looked);
document.addEventListener("visibilitychange", looked);

function showUnread() {
  for (const [uid, one] of chats) one.setUnread(unreadFrom(uid));
  const all = unreadChats().reduce((sum, uid) => sum + unreadFrom(uid), 0);
  document.title = all ? `(${all}) fbchat` : "fbchat";
  showBuddies();
}

let syncing = null;
/** Messages were read in another client, so that the counts have to be read even if the number of conversations is right again. */
let readElsewhere = false;

/** Reads once what is unread, if several signs of a change come together. */
function syncSoon() {
  syncing ??= setTimeout(() => {
    syncing = null;
    readElsewhere = false;
    sync().catch((error) => console.info(error.message));
  }, 300);
}

async function sync() {
  const answer = await get("/ajax/fbchat/notifications.php");
  unread.clear();
  for (const { uid, gid, name, unread: count, time } of [...answer.conversations, ...answer.groups]) {
    counted = Math.max(counted, time);
    unread.set(uid ?? gid, { count, name });
    showTab(uid ?? gid, name);
  }
  looked();
}

/** Something may have been missed: what is unread, and what belongs into open windows. `clock` is the server's. */
export async function refresh(clock) {
  counted = Math.max(counted, clock);
  await sync();
  for (const one of chats.values()) await one.catchUp();
}

// ---- The list ----

const rows = new Map();

function row(uid, name, state, thumb) {
  let found = rows.get(uid);
  if (!found) {
    const dot = el("span", { class: "state" });
    const badge = el("span", { class: "badge" });
    const label = el("span", { class: "name" });
    const image = el("span");
    const button = el("button", { type: "button", class: "buddy", onclick: () => open(uid, nameOf(uid, name)) }, image, label, " ", badge, " ", dot);
    found = { li: el("li", {}, button), dot, badge, label, image };
    rows.set(uid, found);
  }
  const count = unreadFrom(uid);
  if (found.label.textContent !== name) found.label.replaceChildren(foreign(name));
  if (found.thumb !== thumb) found.image.replaceChildren(picture(thumb, "tiny"));
  found.thumb = thumb;
  found.dot.className = groups.isGroup(uid) ? "status" : `state ${state}`;
  found.dot.textContent = state;
  found.badge.hidden = count === 0;
  found.badge.textContent = count || "";
  found.badge.setAttribute("aria-label", `${count} unread`);
  return found.li;
}

function showBuddies() {
  const online = people.online();
  const there = new Set(online.map(({ uid }) => uid));
  const writers = [...unread].filter(([uid]) => !there.has(uid) && !groups.isGroup(uid)).map(([uid, { name }]) => ({ uid, name }));
  const shown = [...writers, ...online];
  arrange(byId("online_list"), shown.map(({ uid, name }) => row(uid, name, people.stateName(uid), people.friend(uid)?.thumb ?? "")));
  const own = groups.all();
  arrange(byId("group_rows"), own.map(({ gid, name, muted }) => row(gid, name, muted ? "muted" : "", groups.PICTURE)));
  const wanted = new Set([...shown.map(({ uid }) => uid), ...own.map(({ gid }) => gid)]);
  for (const uid of rows.keys()) if (!wanted.has(uid)) rows.delete(uid);
  byId("nobody_online").hidden = shown.length > 0;
  const waiting = unreadChats().length;
  const badge = el("span", { class: "badge", "aria-label": `${waiting} unread conversations` }, String(waiting));
  byId("buddy_button").replaceChildren(visible ? `Chat (${online.length}) ` : "Chat (you are offline) ", ...(waiting ? [badge] : []));
}

/** Somebody came, went or changed. */
export function changed() {
  for (const one of chats.values()) {
    const name = nameOf(one.uid, one.name);
    if (one.name !== name) one.setName(name);
    one.setState(people.stateName(one.uid));
  }
  showBuddies();
}

function groupsChanged() {
  for (const one of chats.values()) one.redraw();
  changed();
  showUnread();
}

function showPanel(shown) {
  byId("buddy_panel").hidden = !shown;
  byId("buddy_button").setAttribute("aria-expanded", String(shown));
}

byId("buddy_button").addEventListener("click", () => {
  showPanel(byId("buddy_panel").hidden);
  if (!byId("buddy_panel").hidden) (byId("buddy_panel").querySelector(".buddy") ?? byId("visibility")).focus();
});
const leave = () => {
  showPanel(false);
  byId("buddy_button").focus();
};
byId("buddy_close").addEventListener("click", leave);
byId("buddy_panel").addEventListener("keydown", (event) => event.key === "Escape" && leave());
byId("buddy_panel").addEventListener("click", (event) => event.target.closest("a") && showPanel(false));

// ---- Online or not ----

export function setVisible(now) {
  visible = now;
  byId("visibility").textContent = visible ? "Go offline" : "Go online";
  showBuddies();
}

byId("visibility").addEventListener("click", async () => {
  try {
    await post("/ajax/chat/settings.php", { visibility: String(!visible) });
    setVisible(!visible);
  } catch (error) {
    notice(error.message);
  }
});

people.connect({ open, changed });
groups.connect({ open, changed: groupsChanged });
