// One conversation: its tab in the bar, its window, and what is sent and received in it.

import { BlockLine } from "./blocks.js";
import { byId, el, foreign, picture, when, written } from "./dom.js";
import { shown, Tray } from "./files.js";
import { GroupLine } from "./group_line.js";
import * as groups from "./groups.js";
import { abilities, backoff, Failure, get, me, post, sleep, UNREACHABLE } from "./net.js";
import { Typing } from "./typing.js";

/** The most messages shown at once; earlier ones come on request, later ones go for them. */
const SHOWN = 200;
const PAGE = 40;
/** The most messages that wait for the server. */
const PENDING = 50;
/** Messages of one person within this stand under one name. */
const TOGETHER = 5 * 60_000;
const BUSY = 1356008;

/** The parts of a channel item or a history entry that matter here. */
export const reading = (item) => {
  const own = item.from === me;
  const toOther = own || groups.isGroup(item.to);
  return {
    id: String(item.msg.msgID),
    text: String(item.msg.text),
    time: Number(item.msg.time),
    own,
    from: item.from,
    /** The other person or the group. */
    uid: toOther ? item.to : item.from,
    name: String(item.from_name),
    otherName: String(toOther ? item.to_name : item.from_name),
    /** It says what has happened to the group. */
    notice: Boolean(item.notice),
    attachments: Array.isArray(item.attachments) ? item.attachments : [],
  };
};

export class Chat {
  /** `bar` is asked to `toggle` and to `close`, and told that somebody `looked` at the newest messages. */
  constructor(uid, name, bar) {
    Object.assign(this, { uid, name, bar, expanded: false, unread: 0, used: 0 });
    this.isGroup = groups.isGroup(uid);
    this.messages = []; // in order of time: {time, own, from, name, notice, li}
    this.pending = []; // sent, and not yet back on the channel
    this.loaded = null; // the promise of the first page
    this.earlier = true; // there may be messages before the first
    this.behind = false; // messages after the last are not shown
    this.sending = Promise.resolve();
    this.build();
  }

  build() {
    const id = (part) => `chat_${this.uid}_${part}`;
    const button = (word, act) => el("button", { type: "button", onclick: act }, word);
    this.names = [foreign(""), foreign("")];
    this.badge = el("span", { class: "badge", hidden: true });
    this.dot = el("span", { class: "state" });
    this.tab = el("button", { type: "button", class: "tab", "aria-expanded": "false", "aria-controls": id("window") }, this.dot, " ", this.names[0], " ", this.badge);
    this.tab.addEventListener("click", () => this.bar.toggle(this));
    this.headDot = el("span", { class: "state" });
    const title = el("h2", {}, this.names[1], " ", this.headDot);
    this.older = el("button", { type: "button", class: "link older", hidden: true, onclick: () => this.page() }, "Earlier messages");
    this.list = el("ol");
    this.newest = el("button", { type: "button", class: "link older", hidden: true, onclick: () => this.restart() }, "Go to the newest messages");
    this.log = el("div", { class: "log", role: "log", tabindex: "0" }, this.older, this.list, this.newest);
    this.typing = new Typing(this.uid, (uid) => (this.isGroup ? groups.member(this.uid, uid)?.name : this.name) ?? "Somebody");
    this.said = el("p", { class: "said wrong", role: "alert" });
    this.field = el("textarea", { id: id("text"), rows: "1", dir: "auto", enterkeyhint: "send" });
    this.tray = new Tray(this);
    this.label = el("label", { class: "unseen", for: id("text") });
    this.form = el("form", { class: "compose" }, this.label, this.field, this.tray.button, el("button", {}, "Send"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.field.addEventListener("keydown", (event) => {
      // Safari ends a composition first, and then reports the key that ended it, with this code.
      const composes = event.isComposing || event.keyCode === 229;
      if (event.key === "Enter" && !event.shiftKey && !composes) {
        event.preventDefault();
        this.submit();
      }
    });
    this.field.addEventListener("input", () => this.typing.tell(this.field.value !== ""));
    const [fold, shut] = [button("–", () => this.bar.toggle(this)), button("×", () => this.bar.close(this))];
    const head = el("div", { class: "window_head" }, title, fold, shut);
    this.line = this.isGroup ? new GroupLine(this.uid, { left: () => this.bar.close(this), toggled: () => this.uncovered() }) : new BlockLine(this.uid);
    this.window = el("div", { class: "window", id: id("window"), hidden: true }, head, this.line.element, this.log, this.typing.element, this.said, this.tray.list, this.form, this.tray.picker);
    this.tray.listen(this.field, this.window);
    this.window.addEventListener("keydown", (event) => event.key === "Escape" && this.bar.toggle(this));
    this.element = el("section", { class: this.isGroup ? "chat group" : "chat" }, this.window, this.tab);
    this.dot.hidden = this.headDot.hidden = this.isGroup;
    this.labelled = [[fold, "Minimise the chat with"], [shut, "Close the chat with"], [this.log, "Messages with"], [this.element, "Chat with"]];
    this.setName(this.name);
  }

  setName(name) {
    this.name = name;
    for (const part of this.names) part.textContent = name;
    const whom = this.isGroup ? `the group ${name}` : name;
    for (const [part, words] of this.labelled) part.setAttribute("aria-label", `${words} ${whom}`);
    this.label.textContent = `Message to ${whom}`;
    this.line.setName(name);
  }

  /** Draws again what depends on the list of groups or of blocked people. */
  redraw() {
    this.line.draw();
    if (!this.isGroup) return;
    this.form.hidden = groups.isGone(this.uid);
    for (const { li, from } of this.messages) this.dress(li, from);
  }

  /** The messages can be seen again, or no more. */
  uncovered() {
    if (this.line.opened) return;
    this.toEnd();
    this.bar.looked();
  }

  /** Whether the newest messages are in view. */
  get reads() {
    return this.expanded && !this.behind && !this.line.opened;
  }

  /** Nothing would be lost by closing it. */
  get idle() {
    return !this.pending.length && !this.field.value && !this.tray.chosen.length;
  }

  setState(name) {
    for (const dot of [this.dot, this.headDot]) {
      dot.className = `state ${name}`;
      dot.textContent = name;
    }
  }

  setUnread(count) {
    this.unread = count;
    this.badge.hidden = count === 0;
    this.badge.textContent = count || "";
    this.badge.setAttribute("aria-label", `${count} unread`);
  }

  expand(expanded) {
    this.expanded = expanded;
    this.window.hidden = !expanded;
    this.tab.setAttribute("aria-expanded", String(expanded));
    this.element.classList.toggle("open", expanded);
    if (!expanded) return this.typing.tell(false);
    this.used = performance.now();
    this.load();
    this.toEnd();
  }

  // ---- What is shown ----

  /** The newest page, once. */
  load() {
    this.loaded ??= this.fetch({ limit: PAGE }).then(
      (answer) => {
        this.showEarlier(answer.more);
        this.toEnd();
      },
      (error) => {
        this.loaded = null;
        this.said.textContent = error.message;
      },
    );
    return this.loaded;
  }

  /** Asks for a part of the history and shows it. What is not news should not be read out as such. */
  async fetch(query) {
    this.log.setAttribute("aria-busy", "true");
    this.log.setAttribute("aria-live", "off");
    try {
      const answer = await get("/ajax/chat/history.php", { id: this.uid, files: 1, ...query });
      for (const item of answer.history) this.insert(reading(item));
      this.together();
      this.said.textContent = "";
      return answer;
    } finally {
      this.log.removeAttribute("aria-busy");
      setTimeout(() => this.log.removeAttribute("aria-live"), 500);
    }
  }

  showEarlier(more) {
    this.earlier = more;
    this.older.hidden = !more;
  }

  /** The page before the first message; what does not fit any more at the other end goes. */
  async page() {
    if (!this.messages.length) return;
    const { log } = this;
    const fromEnd = log.scrollHeight - log.scrollTop;
    try {
      const { more } = await this.fetch({ limit: PAGE, before: this.messages[0].time });
      this.showEarlier(more);
      for (const gone of this.messages.splice(SHOWN)) {
        gone.li.remove();
        this.setBehind(true);
      }
      log.scrollTop = log.scrollHeight - fromEnd;
      if (!more) this.log.focus();
    } catch (error) {
      this.said.textContent = error.message;
    }
  }

  /** Begins anew at the newest message. */
  restart() {
    for (const message of this.messages.splice(0)) message.li.remove();
    this.setBehind(false);
    this.loaded = null;
    this.log.focus();
    return this.load();
  }

  setBehind(behind) {
    this.behind = behind;
    this.newest.hidden = !behind;
    if (!behind) this.bar.looked();
  }

  /** Shows what may have been missed. */
  async catchUp() {
    if (!this.loaded || this.behind) return;
    await this.loaded;
    const since = this.messages[this.messages.length - 1]?.time ?? 0;
    const { more } = await this.fetch({ since });
    if (more) await this.restart();
    this.toEnd();
  }

  /** Puts a message where it belongs, once. */
  insert(message) {
    const waiting = message.own ? this.pending.findIndex((entry) => entry.id === message.id) : -1;
    const [sent] = waiting >= 0 ? this.pending.splice(waiting, 1) : [];
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].time > message.time) at -= 1;
    if (this.messages[at - 1]?.time === message.time) return sent?.li.remove();
    const next = this.messages[at]?.li ?? this.pending[0]?.li ?? null;
    message.li = sent ? this.settle(sent, message) : this.draw(message, when(message.time));
    this.messages.splice(at, 0, message);
    // One that is in its place stays there, or it would be read out twice.
    if (message.li.nextSibling !== next || !message.li.parentNode) this.list.insertBefore(message.li, next);
  }

  /** What was sent has come back, with its time. */
  settle({ li, mark, file }, { time, attachments }) {
    li.classList.remove("pending");
    file?.element.replaceWith(...shown(attachments));
    li.querySelector(".said")?.remove();
    mark.replaceWith(when(time));
    return li;
  }

  /** A message from the channel. */
  receive(message) {
    if (!message.own) this.typing.show(message.from, false);
    if (!this.loaded || this.behind) return;
    const { log } = this;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    this.insert(message);
    for (const gone of this.messages.splice(0, Math.max(this.messages.length - SHOWN, 0))) {
      gone.li.remove();
      this.showEarlier(true);
    }
    this.together();
    if (atEnd) this.toEnd();
  }

  draw({ own, name, text, notice, from = me, attachments = [], file }, ...marks) {
    if (notice) return el("li", { class: "notice" }, el("p", {}, foreign(text)), " ", ...marks);
    const who = el("span", { class: "who" }, foreign(own ? "You" : name), " ", ...marks);
    const action = /^\/me (?=.*\S)/isu.test(text);
    const said = action
      ? el("p", { dir: "auto", class: "action" }, "* ", foreign(name ?? byId("own_name").textContent), " ", ...written(text.slice(4)))
      : el("p", { dir: "auto" }, ...written(text));
    const files = file ? [file.draw()] : shown(attachments);
    const li = el("li", { class: own ? "own" : "other" }, who, ...(text ? [said] : []), ...files);
    if (this.isGroup) this.dress(li, from);
    return li;
  }

  /** Puts the picture of the sender beside a message to a group. */
  dress(li, from) {
    if (li.classList.contains("notice")) return;
    const image = picture(groups.member(this.uid, from)?.thumbSrc, "face");
    const face = li.querySelector(".face");
    if (!face) li.prepend(image);
    else if (face.getAttribute("src") !== image.getAttribute("src")) face.replaceWith(image);
  }

  /** One name above messages that belong together; readers of the page hear it with each. */
  together() {
    let last = null;
    for (const message of this.messages) {
      const follows = last && last.from === message.from && !last.notice && !message.notice && message.time - last.time < TOGETHER;
      message.li.classList.toggle("follows", Boolean(follows));
      last = message;
    }
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  // ---- Sending ----

  submit() {
    const text = this.field.value;
    this.said.textContent = "";
    if (!text.trim() && !this.tray.chosen.length) return;
    const length = [...text].length;
    if (length > abilities.message_limit) {
      this.said.textContent = `This is ${length} characters long, and ${abilities.message_limit} are possible. Shorten it or send it in parts.`;
      return;
    }
    if (this.pending.length + Math.max(this.tray.chosen.length, 1) > PENDING) {
      this.said.textContent = "Many messages are waiting for the server. Wait until they are sent, or send fewer files.";
      return;
    }
    this.field.value = "";
    this.typing.sent();
    const [first, ...others] = this.tray.take();
    this.enqueue({ text: text.trim() && text, file: first });
    for (const file of others) this.enqueue({ text: "", file });
    if (this.behind) this.restart();
    this.toEnd();
  }

  /** One after the other, so that they arrive in the order in which they were written. */
  enqueue(entry) {
    const numbers = crypto.getRandomValues(new Uint32Array(2));
    entry.id ??= `${numbers[0]}${numbers[1]}`;
    entry.own = true;
    entry.mark = el("span", { class: "mark" }, "sending…");
    entry.li = this.draw(entry, entry.mark);
    entry.li.classList.add("pending");
    this.pending.push(entry);
    this.list.append(entry.li);
    this.sending = this.sending.then(() => this.deliver(entry));
  }

  async deliver(entry) {
    const fields = { to: this.uid, msg_text: entry.text, msg_id: entry.id, client_time: Date.now(), num_tabs: 1 };
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (entry.file) fields["attachments[0]"] = await entry.file.upload(() => (entry.mark.textContent = "sending…"));
        await post("/ajax/chat/send.php", fields);
        entry.mark.textContent = "";
        entry.li.classList.remove("pending");
        return;
      } catch (error) {
        // Stored once however often it is posted, as the number stays the same.
        if (!(error instanceof Failure) || ![UNREACHABLE, BUSY].includes(error.code)) return this.fail(entry, error);
        entry.mark.textContent = "waiting for the server…";
        await sleep(Math.max(backoff(attempt), 500));
      }
    }
  }

  fail(entry, error) {
    const drop = () => {
      this.pending = this.pending.filter((other) => other !== entry);
      entry.li.remove();
      this.field.focus();
    };
    const again = () => {
      drop();
      this.enqueue(entry);
    };
    const buttons = [
      el("button", { type: "button", class: "link", onclick: again }, "Try again"),
      el("button", { type: "button", class: "link", onclick: drop }, "Discard"),
    ];
    entry.mark.textContent = "not sent";
    entry.li.append(el("p", { class: "said wrong", role: "alert" }, error.message, " ", ...buttons));
    this.toEnd();
  }
}
