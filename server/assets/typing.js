// Who types in a conversation: what is shown of the others, and what they are told.

import { el } from "./dom.js";
import { post } from "./net.js";

/** Typing is told again after this, and forgotten by the other side after GONE. */
const AGAIN = 7_000;
const GONE = 10_000;
const NOT_ONLINE = 1356003;

export class Typing {
  /** `nameOf` gives the name of somebody in the conversation. */
  constructor(uid, nameOf) {
    Object.assign(this, { uid, nameOf });
    this.element = el("p", { class: "typing", role: "status" });
    this.typists = new Map(); // by uid: the timer that forgets them
    this.told = 0;
  }

  /** Somebody types, or has stopped. */
  show(uid, typing) {
    clearTimeout(this.typists.get(uid));
    this.typists.delete(uid);
    if (typing) this.typists.set(uid, setTimeout(() => this.show(uid, false), GONE));
    const [first, second, more] = [...this.typists.keys()].map(this.nameOf);
    if (more) this.element.textContent = "Several people are typing…";
    else if (second) this.element.textContent = `${first} and ${second} are typing…`;
    else this.element.textContent = first ? `${first} is typing…` : "";
  }

  /** Tells the other side, at most every few seconds; nobody minds if that fails. */
  tell(typing) {
    clearTimeout(this.over);
    if (typing) this.over = setTimeout(() => this.tell(false), AGAIN);
    const told = this.told && performance.now() - this.told < AGAIN;
    if (typing ? told : !this.told) return;
    this.told = typing ? performance.now() : 0;
    post("/ajax/chat/typ.php", { to: this.uid, typ: typing ? 1 : 0 }).catch((error) => {
      if (error.code !== NOT_ONLINE) console.info(error.message);
    });
  }

  /** A message was sent, which tells that the typing is over. */
  sent() {
    this.told = 0;
    clearTimeout(this.over);
  }
}
