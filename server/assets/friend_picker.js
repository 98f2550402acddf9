// Choosing some of the friends: a list with boxes, and a field that narrows it.

import { arrange, el, foreign, picture } from "./dom.js";
import * as people from "./people.js";

/** With this many friends there is a field to find one. */
const MANY = 8;

export class FriendPicker {
  constructor() {
    this.rows = new Map(); // by uid: {li, box, name, label}
    this.find = el("input", { type: "search", placeholder: "Find a friend", "aria-label": "Find a friend", autocomplete: "off" });
    this.find.addEventListener("input", () => this.narrow());
    this.find.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    this.list = el("ul");
    this.none = el("p", { class: "empty" }, "No other friends.");
    this.element = el("div", { class: "picker" }, this.find, this.list, this.none);
  }

  /** Shows all friends for whom `possible` is true. */
  draw(possible = () => true) {
    const friends = people.all().filter(({ uid }) => possible(uid));
    arrange(this.list, friends.map((one) => this.row(one)));
    const there = new Set(friends.map(({ uid }) => uid));
    for (const uid of this.rows.keys()) if (!there.has(uid)) this.rows.delete(uid);
    this.none.hidden = friends.length > 0;
    this.find.hidden = friends.length < MANY;
    this.narrow();
  }

  row({ uid, name, thumb }) {
    const known = this.rows.get(uid);
    if (known?.name === name) return known.li;
    const box = el("input", { type: "checkbox", value: uid });
    const li = el("li", {}, el("label", {}, box, picture(thumb, "tiny"), foreign(name)));
    box.checked = known?.box.checked ?? false;
    this.rows.set(uid, { li, box, name });
    return li;
  }

  /** One who is chosen is always shown. */
  narrow() {
    const wanted = this.find.hidden ? "" : this.find.value.trim().toLocaleLowerCase();
    for (const { li, box, name } of this.rows.values()) li.hidden = !box.checked && !name.toLocaleLowerCase().includes(wanted);
  }

  /** Whether there is nobody to choose. */
  get empty() {
    return this.rows.size === 0;
  }

  get chosen() {
    return [...this.rows].filter(([, { box }]) => box.checked).map(([uid]) => uid);
  }

  clear() {
    for (const { box } of this.rows.values()) box.checked = false;
    this.find.value = "";
    this.narrow();
  }
}
