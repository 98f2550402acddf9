// Settings: names, picture, password, and where one is logged in.

import { answering, arrange, byId, el, foreign, handle, when } from "./dom.js";
import { abilities, get, post, upload } from "./net.js";
import { showOwnPicture } from "./people.js";

handle(byId("name_form"), async () => {
  // The page itself learns it from the channel, as one's friends do.
  const { name } = await post("/ajax/fbchat/name.php", { name: byId("name_text").value });
  byId("name_text").value = name;
  return "This is your name now.";
});

handle(byId("username_form"), async () => {
  const { username } = await post("/ajax/fbchat/username.php", { username: byId("username_text").value });
  byId("username_text").value = username;
  return "This is your user name now. Nobody else can have the old one for 30 days.";
});

handle(byId("picture_form"), async (form) => {
  const [file] = byId("picture_file").files;
  if (!file) return "Choose a picture first.";
  if (file.size > abilities.picture_limit) throw new Error("This picture is too large. Choose one of up to 1 MiB.");
  showOwnPicture((await upload("/pic_upload.php", { pic: file })).thumbSrc);
  form.reset();
  return "This is your picture now.";
});

byId("picture_remove").addEventListener("click", () =>
  answering([byId("picture_remove")], byId("picture_form").querySelector(".said"), async () => {
    showOwnPicture((await upload("/pic_upload.php", { remove: "1" })).thumbSrc);
    return "You have no picture now.";
  }),
);

handle(byId("password_form"), async (form) => {
  const [old, fresh, again] = ["old", "new", "again"].map((part) => byId(`password_${part}`).value);
  if (fresh !== again) throw new Error("The two new passwords differ. Type the new one twice.");
  await post("/ajax/fbchat/password.php", { old, new: fresh });
  form.reset();
  await loadSessions();
  return "Your password is changed, and all your other logins have ended.";
});

const SESSIONS = "/ajax/fbchat/sessions.php";

/** Reads where one is logged in. */
export const loadSessions = async () => show(await get(SESSIONS));

const end = (which, button) =>
  answering([button], byId("sessions_said"), async () => {
    show(await post(SESSIONS, { end: which }));
    byId("settings_title").focus();
    return which === "others" ? "You are logged in only here." : "That login has ended.";
  });

byId("end_others").addEventListener("click", () => end("others", byId("end_others")));

function show({ sessions }) {
  byId("end_others").hidden = sessions.length < 2;
  arrange(byId("session_list"), sessions.map(entry));
}

function entry(session) {
  const name = clientName(session.client);
  const button = el("button", { type: "button", class: "quiet", "aria-label": `End ${name}` }, "End");
  button.addEventListener("click", () => end(session.id, button));
  const state = session.own ? "this one" : session.online ? "online" : "";
  const text = el("div", {}, el("strong", {}, foreign(name)), state ? `, ${state}` : "", el("p", { class: "status" }, session.address ? `from ${session.address}, ` : "", "since ", when(session.created), "; ends ", when(session.ends), " if it is not used"));
  return el("li", {}, text, ...(session.own ? [] : [button]));
}

const BROWSERS = [
  [/Edg/, "Edge"],
  [/Firefox/, "Firefox"],
  [/Chrom/, "Chromium"],
  [/Safari/, "Safari"],
];
const SYSTEMS = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS/, "macOS"],
  [/Linux|X11/, "Linux"],
];

/** Our own programs, which may name the one that they are part of. */
const OWN = /^Mozilla\/5\.0 \(compatible; (fbchat\/[^;)]+)(?:; ([^;)]+))?\)/;

/** What a person calls the program that gave this User-Agent. */
function clientName(agent) {
  const own = OWN.exec(agent);
  if (own) return (own[2] ?? own[1]).replace("/", " ");
  const found = (list) => list.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = agent.startsWith("Mozilla/") && found(BROWSERS);
  if (browser) return `${browser} on ${found(SYSTEMS) ?? "some system"}`;
  return agent.slice(0, 60) || "A program that gives no name";
}
