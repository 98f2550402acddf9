// What every client does (docs/protocol.md): calls with the page's token, and the channel. Nothing here is shown.

import { byId } from "./dom.js";

const PREFIX = "for (;;);";
/** A call that takes longer has failed; a poll is held for up to a minute. */
const CALL_MS = 30_000;
const POLL_MS = 70_000;
/** An upload of which nothing arrives for this long has failed. */
const STALLED_MS = 60_000;
/** A poll that fails after it was held for this long was ended by a proxy that waits for less time than the server. */
const HELD_MS = 2_000;
/** How often a tab asks that leaves the waiting to another. */
const QUIET_MS = 20_000;
/** The server takes a person for idle after five minutes; the next sign of him should not wait for the next poll. */
const ACTIVE_MS = 240_000;

const NO_SESSION = 1357001;
/** Codes of our own: no answer, and one that makes no sense. */
export const UNREACHABLE = 0;
const UNREADABLE = 1;
const CANCELLED = 2;

/** What the server announces. */
export const abilities = JSON.parse(document.querySelector("meta[name=fbchat]").content);
export const me = Number(byId("user").value);
const token = byId("post_form_id").value;

/** A call that failed; the message is a sentence for the person. */
export class Failure extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** The wait before the next attempt, in ms: 0, 3, 6 … 60 s. */
export const backoff = (failures) => Math.min(Math.max(failures - 1, 0) * 3, 60) * 1000;

let over = false;
let tellOver = () => {};

function end() {
  over = true;
  tellOver();
}

const away = () => new Failure(UNREACHABLE, "The server cannot be reached. Try again in a moment.");

/** The object behind the prefix. */
function read(text, status) {
  try {
    if (!text.startsWith(PREFIX)) throw new SyntaxError();
    return JSON.parse(text.slice(PREFIX.length));
  } catch {
    // While the server is away, or when a poll takes long, a proxy in front of it answers in its own words.
    if (status >= 500 || status === 408) throw away();
    throw new Failure(UNREADABLE, "The server gave an answer that makes no sense. Try again later.");
  }
}

async function script(path, options, ms, interrupt) {
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(), ms);
  interrupt?.addEventListener("abort", () => clock.abort());
  let response;
  let text;
  try {
    response = await fetch(path, { cache: "no-store", signal: clock.signal, ...options });
    text = await response.text();
  } catch {
    throw away();
  } finally {
    clearTimeout(timer);
  }
  return read(text, response.status);
}

function payload(answer) {
  if (answer.error === NO_SESSION) end();
  if (answer.error) throw new Failure(answer.error, String(answer.errorDescription));
  return answer.payload;
}

const ajax = async (path, options) => payload(await script(path, options, CALL_MS));

/** Reads; gives the payload. */
export const get = (path, query = {}) => ajax(`${path}?${new URLSearchParams(query)}`, {});

/** Writes; gives the payload. */
export function post(path, fields) {
  const body = new URLSearchParams({ ...fields, post_form_id: token });
  return ajax(path, { method: "POST", body });
}

function form(fields) {
  const body = new FormData();
  body.append("post_form_id", token);
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return body;
}

/** Writes with a file in it. */
export const upload = (path, fields) => ajax(path, { method: "POST", body: form(fields) });

/** The same for a large file: `progress` gets the part that has been sent, from 0 to 1. It ends when nothing moves any more. */
export function uploadLarge(path, fields, progress, signal) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    let clock;
    const moves = () => {
      clearTimeout(clock);
      clock = setTimeout(() => request.abort(), STALLED_MS);
    };
    const stop = () => request.abort();
    request.upload.addEventListener("progress", (event) => {
      moves();
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("loadend", () => {
      clearTimeout(clock);
      signal.removeEventListener("abort", stop);
      try {
        if (signal.aborted) throw new Failure(CANCELLED, "You have cancelled this.");
        if (!request.status) throw away();
        done(payload(read(request.responseText, request.status)));
      } catch (error) {
        failed(error);
      }
    });
    signal.addEventListener("abort", stop);
    moves();
    request.open("POST", path);
    request.send(form(fields));
  });
}

let person = true; // did something since the last poll
let reported = Date.now();
let interrupt = new AbortController();
let quiet = false;
let wake = () => {};

/** Ends the present poll or pause; the next poll follows at once. */
function hurry() {
  interrupt.abort();
  wake();
}

for (const sign of ["keydown", "pointerdown", "pointermove"]) {
  addEventListener(
    sign,
    () => {
      person = true;
      if (Date.now() - reported > ACTIVE_MS) {
        reported = Date.now();
        hurry();
      }
    },
    { passive: true },
  );
}
addEventListener("online", hurry);

// A browser has few connections for one server, and each tab that waits takes one away. So only the tab looked at last
// waits; the others ask now and then.
// Safari before 15.4 has no such channel; there every tab waits.
const tabs = window.BroadcastChannel ? new BroadcastChannel("fbchat") : null;
tabs?.addEventListener("message", () => {
  if (document.hidden && !quiet) {
    quiet = true;
    hurry();
  }
});
function looked() {
  if (document.hidden) return;
  tabs?.postMessage("looked at");
  if (quiet) {
    quiet = false;
    hurry();
  }
}
document.addEventListener("visibilitychange", looked);

function poll(seq, hold) {
  const active = person;
  if (person) reported = Date.now();
  person = false;
  const nonce = Math.trunc(Math.random() * 1e9);
  const path = `/x/${nonce}/${active}/p_${me}=${seq}?batch=${abilities.batch}&files=1${hold ? "" : "&wait=0"}`;
  return script(path, {}, POLL_MS, interrupt.signal);
}

/**
 * Follows the channel for as long as the session lasts. `begin` is called with the payload of reconnect.php whenever
 * something may have been missed, `items` with what comes, `waiting` with the ms to the next attempt or null, and with the
 * error if it is one of this page, `ended` when the session is over.
 */
export async function follow({ begin, items, waiting, ended }) {
  tellOver = ended;
  looked();
  let seq = null;
  let missed = true;
  let failures = 0;
  while (!over) {
    interrupt = new AbortController();
    let asked = null; // when the poll began
    try {
      if (missed) {
        const start = await get("/ajax/presence/reconnect.php", { reason: 6 });
        seq ??= start.seq;
        await begin(start);
        missed = false;
        failures = 0;
        waiting(null);
      }
      const hold = !quiet;
      asked = Date.now();
      const answer = await poll(seq, hold);
      if (answer.t === "msg") {
        seq += answer.ms.length;
        items(answer.ms);
      } else if (answer.t === "refresh" && Number.isSafeInteger(answer.seq)) {
        missed ||= answer.seq !== seq;
        seq = answer.seq;
      } else if (answer.t === "refresh") {
        return end();
      } else if (quiet) {
        await pause(QUIET_MS);
      } else if (hold && Date.now() - asked < 1000) {
        // The server stops, or too many of us wait.
        await pause(1000);
      }
    } catch (error) {
      if (over) return;
      if (interrupt.signal.aborted) continue;
      const held = asked === null ? 0 : Date.now() - asked;
      if (error.code === UNREACHABLE && held >= HELD_MS && held < POLL_MS) continue;
      const own = !(error instanceof Failure);
      if (own) console.error(error);
      failures += 1;
      missed = true;
      // The first attempt after a failure is made at once, and mostly succeeds.
      if (failures > 1 || own) waiting(backoff(failures), own ? error : null);
      await pause(backoff(failures));
    }
  }
}

function pause(ms) {
  return new Promise((done) => {
    wake = done;
    setTimeout(done, ms);
  });
}
