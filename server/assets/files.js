// Files in a conversation: choosing them, looking at them before they are sent, sending them, and what is shown of those that came.

import { el, foreign } from "./dom.js";
import { abilities, uploadLarge } from "./net.js";

/** The most files that are chosen for one conversation at a time. */
const CHOSEN = 20;
/** Width and height of what is shown before sending, in points. */
const SAMPLE = 56;
/** The box of a photo in the conversation. */
const BOX = 220;
/** A picture of more bytes is not decoded for a sample. */
const DECODED = 32 << 20;

/** A number of bytes for people, as the server writes it. */
function readable(bytes) {
  for (const [unit, name] of [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]]) {
    if (bytes >= unit) return `${(Math.floor(bytes / (unit / 10)) / 10).toFixed(1)} ${name}`;
  }
  return `${bytes} bytes`;
}

/** A path below /files/ of this server, whatever else somebody has written there. */
function path(url) {
  try {
    const { pathname } = new URL(url, location.href);
    return pathname.startsWith("/files/") ? pathname : null;
  } catch {
    return null;
  }
}

const scaled = ({ width, height }) => {
  const factor = Math.min(1, BOX / width, BOX / height);
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
};

/** What a message with these attachments shows of them. A photo has its box before it is loaded, so that nothing moves. */
export const shown = (attachments) => attachments.map(attachment).filter(Boolean);

function attachment(file) {
  const url = path(file.url);
  if (!url) return null;
  const name = String(file.name);
  const line = () =>
    el("p", { class: "file" }, el("a", { href: url, download: name }, foreign(name)), ` (${readable(Number(file.size))})`);
  const preview = file.preview && path(file.preview.url);
  if (!preview) return line();
  const photo = el("img", { src: preview, alt: name, loading: "lazy", ...scaled(file.preview) });
  const link = el("a", { class: "photo", href: url, target: "_blank", rel: "noopener", title: name }, photo);
  // It is not kept any more, or cannot be reached now.
  photo.addEventListener("error", () => link.replaceWith(line()));
  return link;
}

/** One file of the person, from being chosen until it is sent. */
class Chosen {
  constructor(file) {
    const numbers = crypto.getRandomValues(new Uint32Array(2));
    Object.assign(this, { file, id: `${numbers[0]}${numbers[1]}`, uploaded: null, stop: new AbortController() });
    this.name = file.name || "picture.png";
  }

  /** A small picture of it, or nothing but a box. */
  sample() {
    const canvas = el("canvas", { class: "sample", width: SAMPLE, height: SAMPLE, role: "img", "aria-label": "" });
    if (this.file.type.startsWith("image/") && this.file.size <= DECODED) {
      createImageBitmap(this.file).then(
        (picture) => {
          const factor = Math.min(SAMPLE / picture.width, SAMPLE / picture.height);
          const [width, height] = [picture.width * factor, picture.height * factor];
          canvas.getContext("2d").drawImage(picture, (SAMPLE - width) / 2, (SAMPLE - height) / 2, width, height);
          picture.close();
        },
        () => {}, // no picture that this browser knows
      );
    }
    return canvas;
  }

  title() {
    return el("span", { class: "title", title: this.name }, foreign(this.name), " ", el("span", { class: "size" }, readable(this.file.size)));
  }

  /** What the conversation shows of it until it has come back from the server. */
  draw() {
    this.bar = el("progress", { max: 1, value: 0, "aria-label": `Sending ${this.name}` });
    this.cancel = el("button", { type: "button", class: "link", onclick: () => this.stop.abort() }, "Cancel");
    this.element = el("div", { class: "sending" }, this.sample(), el("div", {}, this.title(), this.bar, this.cancel));
    return this.element;
  }

  /** Uploads it, once however often this is called; gives its number. `moves` is called while the server takes it. */
  async upload(moves) {
    if (this.uploaded) return this.uploaded;
    if (this.stop.signal.aborted) this.stop = new AbortController();
    const busy = (busy) => (this.bar.hidden = this.cancel.hidden = !busy);
    busy(true);
    try {
      const fields = { upload_id: this.id, attachment: this.named() };
      const progress = (part) => {
        this.bar.value = part;
        moves();
      };
      const answer = await uploadLarge("/ajax/messaging/upload.php", fields, progress, this.stop.signal);
      this.uploaded = answer.file_id;
      return this.uploaded;
    } finally {
      busy(false);
    }
  }

  /** Pictures that were pasted may have no name. */
  named() {
    return this.file.name ? this.file : new File([this.file], this.name, { type: this.file.type });
  }
}

/** The files that were chosen for a conversation and are not sent yet, and the ways to choose them. */
export class Tray {
  /** `chat` has a `field`, and is told sentences by `said`. */
  constructor(chat) {
    this.chat = chat;
    this.chosen = [];
    this.list = el("ul", { class: "tray", "aria-label": "Files to send", hidden: true });
    this.picker = el("input", { type: "file", multiple: true, hidden: true });
    this.picker.addEventListener("change", () => {
      this.add(this.picker.files);
      this.picker.value = "";
    });
    this.button = el("button", { type: "button", class: "quiet attach", "aria-label": "Add files", title: "Add files", hidden: !abilities.files }, "+");
    this.button.addEventListener("click", () => this.picker.click());
  }

  /** Lets files be pasted into the field, and dropped onto the window. */
  listen(field, target) {
    if (!abilities.files) return;
    field.addEventListener("paste", (event) => {
      // Text that is copied with a picture of it is meant as text.
      if (event.clipboardData.types.includes("text/plain") || !event.clipboardData.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files);
    });
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    const over = (is) => target.classList.toggle("drop", is);
    target.addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      over(true);
    });
    target.addEventListener("dragleave", (event) => target.contains(event.relatedTarget) || over(false));
    target.addEventListener("drop", (event) => {
      over(false);
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
  }

  add(files) {
    this.chat.said.textContent = "";
    for (const file of files) {
      if (file.size > abilities.file_limit) {
        this.chat.said.textContent = `${file.name} is too large: the limit is ${Math.floor(abilities.file_limit / (1 << 20))} MiB.`;
      } else if (!file.size) {
        this.chat.said.textContent = `${file.name} is empty, or a directory.`;
      } else if (this.chosen.length < CHOSEN) {
        this.choose(new Chosen(file));
      } else {
        this.chat.said.textContent = `You can send ${CHOSEN} files at a time.`;
      }
    }
    this.list.hidden = !this.chosen.length;
    this.chat.field.focus();
  }

  choose(chosen) {
    const drop = () => {
      this.chosen = this.chosen.filter((other) => other !== chosen);
      entry.remove();
      this.list.hidden = !this.chosen.length;
      this.chat.field.focus();
    };
    const remove = el("button", { type: "button", class: "quiet", "aria-label": `Remove ${chosen.name}`, onclick: drop }, "×");
    const entry = el("li", {}, chosen.sample(), chosen.title(), remove);
    this.chosen.push(chosen);
    this.list.append(entry);
  }

  /** Gives the files to be sent, which are no longer in here. */
  take() {
    this.list.replaceChildren();
    this.list.hidden = true;
    return this.chosen.splice(0);
  }
}
