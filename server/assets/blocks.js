// Whom the user has blocked: the list in the settings, and the line in each conversation.

import { answering, arrange, byId, el, foreign, picture } from "./dom.js";
import { get, post } from "./net.js";

const PATH = "/ajax/fbchat/block.php";

/** Those who are blocked, latest first, by uid. */
let blocked = new Map();
/** What is drawn again when that changes; set once. */
let redraw = () => {};

export const whenChanged = (draw) => (redraw = draw);

/** Reads the whole list. */
export async function load() {
  const answer = await get(PATH);
  blocked = new Map(answer.blocked.map((one) => [one.uid, one]));
  draw();
}

/** Handles an item of the channel, if it is about this. */
export function take(item) {
  if (item.type !== "block") return;
  load().catch(console.error);
}

const set = (uid, block) => post(PATH, { uid, block: block ? 1 : 0 }).then(load);

function draw() {
  arrange(byId("blocked_list"), [...blocked.values()].map(entry));
  byId("nobody_blocked").hidden = blocked.size > 0;
  redraw();
}

function entry(one) {
  const button = el("button", { type: "button", class: "quiet", "aria-label": `Unblock ${one.name}` }, "Unblock");
  button.addEventListener("click", () =>
    answering([button], byId("blocked_said"), async () => {
      await set(one.uid, false);
      byId("blocked_title").focus();
      return `${one.name} is no longer blocked.`;
    }),
  );
  return el("li", {}, picture(one.thumbSrc, "small"), el("div", {}, el("strong", {}, foreign(one.name))), button);
}

/** The line of a conversation that says whether this person is blocked, and changes it. */
export class BlockLine {
  constructor(uid) {
    this.uid = uid;
    this.asks = false;
    this.element = el("div", { class: "block_line" });
    this.text = el("span");
    this.said = el("span", { class: "said", role: "alert" });
    this.buttons = el("span");
    this.element.append(this.text, this.buttons, this.said);
  }

  setName(name) {
    this.name = name;
    this.draw();
  }

  draw() {
    const isBlocked = blocked.has(this.uid);
    const drawn = JSON.stringify([this.name, this.asks, isBlocked]);
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    const focused = this.element.contains(document.activeElement);
    if (isBlocked) this.show("You have blocked this person.", this.button("Unblock", () => this.change(false)));
    else if (this.asks) this.show("Block? They will see you offline and cannot reach you. They are not told.", this.button("Block", () => this.change(true)), this.button("Cancel", () => this.ask(false)));
    else this.show("", this.button("Block…", () => this.ask(true)));
    if (focused) this.buttons.lastChild.focus();
  }

  show(text, ...buttons) {
    this.text.textContent = text;
    this.buttons.replaceChildren(...buttons);
  }

  button(word, act) {
    return el("button", { type: "button", class: "link", onclick: act, "aria-label": `${word} ${this.name}` }, word);
  }

  ask(asks) {
    this.asks = asks;
    this.draw();
  }

  change(block) {
    return answering(this.buttons.children, this.said, async () => {
      await set(this.uid, block);
      this.ask(false);
    });
  }
}
