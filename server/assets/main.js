// The page behind the login: which part is shown, and the way from the channel to the parts.

import { byId, el } from "./dom.js";
import * as account from "./account.js";
import * as bar from "./bar.js";
import * as blocks from "./blocks.js";
import * as groups from "./groups.js";
import { follow } from "./net.js";
import * as people from "./people.js";

const VIEWS = { "#search": "search", "#settings": "settings", "#group": "group" };

function show() {
  const view = VIEWS[location.hash] ?? "home";
  for (const part of document.querySelectorAll(".view")) part.hidden = part.id !== `view_${view}`;
  for (const link of document.querySelectorAll("#top nav a")) {
    if ((VIEWS[link.hash] ?? "home") === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "settings") {
    account.loadSessions().catch((error) => (byId("sessions_said").textContent = error.message));
  }
  if (view === "group") groups.prepare();
  byId({ home: "friends_title", search: "search_title", settings: "settings_title", group: "group_title" }[view]).focus();
  scrollTo(0, 0);
}

addEventListener("hashchange", () => {
  // The links that skip to a part of the page are none to another view.
  if (location.hash in VIEWS || ["", "#home"].includes(location.hash)) show();
});

byId("search_form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (location.hash === "#search") byId("search_title").focus();
  else location.hash = "#search";
  people.search(byId("search_text").value);
});

const state = byId("state");

function ended() {
  state.className = "alarm";
  state.replaceChildren("You are logged out: this session was ended, here or elsewhere. ", el("a", { href: "/login.php" }, "Log in again"));
}

function waiting(ms, error) {
  if (ms === null) return state.replaceChildren();
  const what = error ? `This page does not work in this browser (${error.message}).` : "No connection to the server.";
  const next = ms ? `The next attempt is in ${ms / 1000} seconds.` : "Trying again now.";
  state.replaceChildren(`${what} ${next}`);
}

function items(list) {
  for (const item of list) {
    try {
      people.take(item);
      bar.take(item);
      blocks.take(item);
      groups.take(item);
    } catch (error) {
      // One that makes no sense must not stop the others.
      console.error(error);
    }
  }
}

async function begin(start) {
  const [clock] = await Promise.all([people.load(), blocks.load(), groups.load()]);
  groups.prepare();
  bar.setVisible(start.visibility);
  await bar.refresh(clock);
}

bar.restore();
if (location.hash in VIEWS) show();
follow({ begin, items, waiting, ended });
// All scripts have run: the sentence that the page shows otherwise is not needed.
byId("not_started")?.remove();
