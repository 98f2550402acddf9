// The line in the window of a group that says who is in it, and what opens below it: members, and what can be changed.

import { answering, arrange, el, foreign, picture } from "./dom.js";
import { FriendPicker } from "./friend_picker.js";
import * as groups from "./groups.js";
import { me } from "./net.js";

export class GroupLine {
  /** `left` is called when the user has left, `toggled` when the rest of the window is hidden or shown. */
  constructor(gid, { left, toggled }) {
    Object.assign(this, { gid, left, toggled, opened: false, asked: null });
    this.said = el("p", { class: "said", role: "alert" });
    this.button = el("button", { type: "button", class: "link", "aria-expanded": "false", onclick: () => this.open(!this.opened) });
    this.note = el("span");
    this.members = el("ul");
    this.leaving = el("div", { class: "buttons" });
    this.panel = el("div", { class: "group_panel", hidden: true }, this.members, this.said, this.adding(), this.naming(), this.leaving);
    this.element = el("div", { class: "group_line" }, el("p", { class: "block_line" }, this.note, this.button), this.panel);
  }

  setName(name) {
    this.name = name;
    this.draw();
  }

  /** What the panel shows covers the rest of the window. */
  open(opened) {
    this.opened = opened;
    this.asked = null;
    this.said.textContent = "";
    this.panel.hidden = !opened;
    this.button.setAttribute("aria-expanded", String(opened));
    this.element.classList.toggle("open", opened);
    this.draw();
    this.toggled();
  }

  draw() {
    const group = groups.group(this.gid);
    if (!group && this.opened) return this.open(false);
    this.button.hidden = !group;
    this.note.textContent = groups.isGone(this.gid) ? "You are not in this group any more." : group?.muted ? "Muted" : "";
    if (!group) return;
    this.button.textContent = this.opened ? "Back to the messages" : groups.count(group);
    if (this.opened) this.drawPanel(group);
  }

  drawPanel(group) {
    const owned = group.owner === me;
    const known = new Map([...this.members.children].map((li) => [li.dataset.key, li]));
    const entries = [...group.members.values()].map((one) => {
      const removable = owned && one.uid !== me;
      const asked = this.asked === one.uid;
      const key = JSON.stringify([one.uid, one.name, one.thumbSrc, group.owner === one.uid, removable, asked]);
      return known.get(key) ?? this.member(key, one, group.owner === one.uid, removable, asked);
    });
    arrange(this.members, entries);
    this.picker.draw((uid) => !group.members.has(uid));
    this.addButton.hidden = this.picker.empty;
    if (this.field !== document.activeElement) this.field.value = group.name;
    const mute = [group.muted ? "Unmute" : "Mute", () => this.change(this.leaving, { mute: group.muted ? 0 : 1 })];
    const leave = ["Leave…", () => this.ask("leave")];
    const really = ["Leave", () => this.leave()];
    const cancel = ["Cancel", () => this.ask(null)];
    const key = JSON.stringify([this.name, group.muted, this.asked === "leave"]);
    if (this.leaving.dataset.key === key) return;
    this.leaving.dataset.key = key;
    const focused = this.leaving.contains(document.activeElement);
    const buttons = this.asked === "leave" ? [really, cancel] : [mute, leave];
    const text = this.asked === "leave" ? ["You get no more messages, and nobody can add you again for a week."] : [];
    this.leaving.replaceChildren(...text, ...buttons.map(([word, act]) => this.action(word, act)));
    if (focused) this.leaving.lastChild.focus();
    if (this.asked === "leave") this.leaving.scrollIntoView({ block: "nearest" });
  }

  action(word, act, whom = `the group ${this.name}`) {
    return el("button", { type: "button", class: "quiet", onclick: act, "aria-label": `${word} ${whom}` }, word);
  }

  member(key, { uid, name, thumbSrc }, owner, removable, asked) {
    const place = el("div", { class: "buttons" });
    if (asked) place.append(this.action("Remove", () => this.change(place, { remove: uid }), name), this.action("Cancel", () => this.ask(null), name));
    else if (removable) place.append(this.action("Remove…", () => this.ask(uid), name));
    const roles = [owner && "owner", uid === me && "you"].filter(Boolean).join(", ");
    const li = el("li", { "data-key": key }, picture(thumbSrc, "tiny"), el("span", { class: "name" }, foreign(name), roles ? ` (${roles})` : ""), place);
    if (asked) setTimeout(() => place.lastChild.focus());
    return li;
  }

  adding() {
    this.picker = new FriendPicker();
    this.addButton = el("button", { type: "button" }, "Add");
    const add = async () => {
      if (!this.picker.chosen.length) throw new Error("Choose at least one friend.");
      await groups.change(this.gid, groups.numbered("add", this.picker.chosen));
      this.picker.clear();
    };
    this.addButton.addEventListener("click", () => answering([this.addButton], this.said, add));
    return el("details", {}, el("summary", {}, "Add friends"), this.picker.element, el("div", { class: "buttons" }, this.addButton));
  }

  naming() {
    this.field = el("input", { type: "text", maxlength: "100", required: true, dir: "auto", autocomplete: "off", "aria-label": "Name of the group" });
    const button = el("button", {}, "Rename");
    const form = el("form", { class: "rename" }, this.field, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.change([button], { name: this.field.value });
    });
    return el("details", {}, el("summary", {}, "Rename"), form);
  }

  ask(asked) {
    this.asked = asked;
    this.said.textContent = "";
    this.draw();
  }

  change(place, fields) {
    return answering(place.children ?? place, this.said, async () => {
      await groups.change(this.gid, fields);
      this.ask(null);
    });
  }

  leave() {
    return answering(this.leaving.children, this.said, async () => {
      await groups.change(this.gid, { leave: 1 });
      this.left();
    });
  }
}
