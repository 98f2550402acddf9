// Building blocks for everything shown. Text only ever becomes text nodes, so nothing that people write can be markup.

export const byId = (id) => document.getElementById(id);

/** An element; `on…` are listeners, true and false are attributes without value or none. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** What somebody wrote, kept apart so that the direction of its letters does not spread. */
export const foreign = (text) => el("bdi", {}, text);

/** What may be an address in a text. Invisible characters end it, so that it is what it looks like. */
const ADDRESS = /\b(?:https?:\/\/|mailto:)[^\s<>"\p{C}]+/giu;
const SCHEMES = ["http:", "https:", "mailto:"];

/** What may end a sentence around an address, and what opens the brackets that may stand around it. */
const MARKS = ".,:;!?'’…”»";
const OPENING = { ")": "(", "]": "[", "}": "{" };

/** What somebody wrote, as nodes, with its addresses as links. */
export function written(text) {
  const nodes = [];
  let shown = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutEnd(found);
    if (!isAddress(address)) continue;
    // Always from left to right, so that what surrounds it cannot make it look like another one.
    const link = el("a", { href: address, target: "_blank", rel: "noopener noreferrer", dir: "ltr" }, address);
    nodes.push(text.slice(shown, index), link);
    shown = index + address.length;
  }
  nodes.push(text.slice(shown));
  return nodes;
}

/** Without what does not belong to it: marks, and brackets that were opened before the address. */
function withoutEnd(found) {
  const open = {};
  for (const closing in OPENING) open[closing] = found.split(OPENING[closing]).length - found.split(closing).length;
  let { length } = found;
  for (; length; length -= 1) {
    const last = found[length - 1];
    if (open[last] < 0) open[last] += 1;
    else if (!MARKS.includes(last)) break;
  }
  return found.slice(0, length);
}

function isAddress(text) {
  try {
    const { protocol, pathname, host } = new URL(text);
    return SCHEMES.includes(protocol) && Boolean(host || pathname);
  } catch {
    return false;
  }
}

/** In place of a picture that somebody does not have; clients of 2008 get one grey point. */
const NOBODY = "/assets/nobody.svg";

/** Only the path counts: the server may know itself by another name than the browser. Without one the picture is that of nobody. */
export function picture(src, className) {
  let path = NOBODY;
  try {
    if (src) path = new URL(src, location.href).pathname;
  } catch {
    // Not a URL: as if there were none.
  }
  if (path.endsWith("_silhouette.gif")) path = NOBODY;
  return el("img", { src: path, alt: "", class: className });
}

/** Puts these children in, in this order, and touches none that are in place: a moved element loses the focus. */
export function arrange(parent, children) {
  const focused = document.activeElement;
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus();
}

let fading;

/** A line above the page for what just happened. */
export function notice(text) {
  byId("notice").textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => (byId("notice").textContent = ""), 15_000);
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A time in ms, with the day unless it is today. */
export function when(ms) {
  const date = new Date(ms);
  const today = date.toDateString() === new Date().toDateString();
  const text = (today ? CLOCK : DAY).format(date);
  return el("time", { datetime: date.toISOString(), title: DAY.format(date) }, text);
}

/** A form that a function answers: what it returns or throws is said below, and nothing is sent twice meanwhile. */
export function handle(form, answer) {
  const said = form.querySelector(".said");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await answering(form.querySelectorAll("button"), said, () => answer(form));
  });
}

/** Runs a call that buttons started, and says in `said` how it went. */
export async function answering(buttons, said, answer) {
  if (said.busy) return;
  said.busy = true;
  // Not disabled, which would take the focus away.
  for (const button of buttons) button.setAttribute("aria-disabled", "true");
  said.textContent = "";
  try {
    const text = await answer();
    said.classList.remove("wrong");
    said.textContent = text ?? "";
  } catch (error) {
    said.classList.add("wrong");
    said.textContent = error.message;
  } finally {
    said.busy = false;
    for (const button of buttons) button.removeAttribute("aria-disabled");
  }
}
