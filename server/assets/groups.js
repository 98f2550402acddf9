// The user's groups: who is in them, the calls that change them, and the list on the page.

import { arrange, byId, el, foreign, handle, picture } from "./dom.js";
import { FriendPicker } from "./friend_picker.js";
import { get, post } from "./net.js";

const PATH = "/ajax/fbchat/groups.php";
/** Groups have the numbers from here on; users have smaller ones. */
const FIRST = 1_000_000_000;
export const PICTURE = "/assets/group.svg";

export const isGroup = (uid) => uid >= FIRST;

/** The user's groups by number, with their members by uid in the order of joining; null until they are known. */
let groups = null;
/** What the chat bar does with groups; set once. */
let bar = { open() {}, changed() {} };

export const connect = (chatBar) => (bar = chatBar);
export const group = (gid) => groups?.get(gid);
export const member = (gid, uid) => group(gid)?.members.get(uid);
/** Whether the user does not want to be alerted. */
export const isMuted = (gid) => Boolean(group(gid)?.muted);
/** Whether the user is known to be no member, as after leaving. */
export const isGone = (gid) => groups !== null && !planned && !groups.has(gid);
export const all = () => [...(groups?.values() ?? [])].sort((a, b) => a.name.localeCompare(b.name) || a.gid - b.gid);

let reading = Promise.resolve();

/** Reads all groups, after what is being read now, so that the latest answer counts. */
export function load() {
  reading = reading.catch(() => {}).then(async () => {
    const answer = await get(PATH);
    groups = new Map(answer.groups.map((one) => [one.gid, { ...one, members: new Map(one.members.map((who) => [who.uid, who])) }]));
    draw();
  });
  return reading;
}

let planned = null;

function loadSoon() {
  clearTimeout(planned);
  planned = setTimeout(() => {
    const own = planned;
    load()
      .catch(console.error)
      .finally(() => {
        if (planned !== own) return;
        planned = null;
        draw();
      });
  }, 50);
}

/** Handles an item of the channel, if it changes a group. */
export function take(item) {
  const people = item.type === "name" || item.type === "picture";
  const known = people && all().some(({ members }) => members.has(item.uid));
  if (item.type === "group" || known) loadSoon();
}

/** Changes a group, and waits until the change is shown. */
export async function change(gid, fields) {
  await post(PATH, { gid, ...fields });
  await load();
}

/** Fields of a call with these people. */
export const numbered = (name, uids) => Object.fromEntries(uids.map((uid, at) => [`${name}[${at}]`, uid]));

export const count = ({ members }) => (members.size === 1 ? "1 member" : `${members.size} members`);

function draw() {
  if (!groups) return;
  arrange(byId("group_list"), all().map(entry));
  byId("no_groups").hidden = groups.size > 0;
  bar.changed();
}

function entry({ gid, name, muted, members }) {
  const key = JSON.stringify([gid, name, muted, members.size]);
  const known = [...byId("group_list").children].find((li) => li.dataset.key === key);
  if (known) return known;
  const open = () => bar.open(gid, name);
  const button = el("button", { type: "button", class: "link", onclick: open }, foreign(name));
  const text = el("div", {}, button, el("p", { class: "status" }, count({ members }), muted ? ", muted" : ""));
  return el("li", { "data-key": key }, picture(PICTURE, "tiny"), text);
}

// ---- A new group ----

const picker = new FriendPicker();
byId("group_friends").append(picker.element);

/** The same number until it has succeeded: a call that is repeated after a lost answer then creates nothing more. */
let createId = null;

/** Shows the friends who can be chosen. */
export const prepare = () => picker.draw();

handle(byId("group_form"), async (form) => {
  const uids = picker.chosen;
  if (!uids.length) throw new Error("Choose at least one friend.");
  const name = byId("group_name").value;
  createId ??= String(crypto.getRandomValues(new Uint32Array(1))[0]);
  const { gid } = await post(PATH, { create: name, create_id: createId, ...numbered("ids", uids) });
  createId = null;
  form.reset();
  picker.clear();
  await load();
  // After the page has moved the focus to what it shows.
  addEventListener("hashchange", () => bar.open(gid, group(gid)?.name ?? name), { once: true });
  location.hash = "#home";
});
