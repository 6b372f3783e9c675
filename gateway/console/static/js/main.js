// Starts the page: who and words, the stream, the view. Views but the two that a control room lives in come when they are
// asked for, or when nothing else is to do: a page that has lost its gateway then still has them.

import { h, put } from "./dom.js";
import { load, t } from "./i18n.js";
import { clock } from "./format.js";
import { now, on, state } from "./state.js";
import { start } from "./stream.js";
import { phrases } from "./phrases.js";
import { plotter } from "./plotter.js";
import { bind } from "./keys.js";
import * as header from "./header.js";
import * as overview from "./views/overview.js";
import * as alarms from "./views/alarms.js";
import { door } from "./views/door.js";
import { bindSound } from "./views/sound_button.js";
import { keepAlive, me, whoami } from "./session.js";

const here = { overview, alarms }; // views that have come
const VIEWS = {
  overview: null, alarms: null,
  tags: () => import("./views/tags.js"), trend: () => import("./views/trend.js"), events: () => import("./views/events.js"),
  field: () => import("./views/field.js"), engineering: () => import("./views/engineering.js"),
  reports: () => import("./views/reports.js"), people: () => import("./views/people.js"),
  rounds: () => import("./views/rounds.js"), drill: () => import("./views/drill.js"),
};
const LATER = 3000; // ms after the first view
let leave = null; // ends the view that is shown
let asked = 0; // counts the views that were asked for
let missing = false; // the view that was asked for did not come
let since = 0;

/** "#/trend/LT-101?p=60" -> {name, rest, query}. */
function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decodeURIComponent);
  return { name: name in VIEWS ? name : "overview", rest, query: new URLSearchParams(query ?? "") };
}

/** An empty page; what the last one listened to goes with it. */
function fresh() {
  const old = document.getElementById("view"), root = old.cloneNode(false);
  old.replaceWith(root);
  return root;
}

async function show() {
  leave?.();
  leave = null;
  asked += 1;
  if (!me.view) return shut();
  const at = place(), root = fresh(), mine = asked;
  root.className = at.name;
  document.title = `${t(`nav.${at.name}`)} - ${t("product")}`;
  header.choose(at.name);
  try {
    [here[at.name]] = await Promise.all([here[at.name] ?? VIEWS[at.name](), VIEWS[at.name] && phrases()]);
  } catch {
    missing = mine === asked;
    return missing && put(root, h("p.empty", null, t("lost.page"))); // the banner says why
  }
  if (mine === asked) leave = here[at.name].mount(root, at);
}

/** All that has not come yet, one after another. */
async function rest() {
  for (const [name, come] of Object.entries(VIEWS)) here[name] ??= await come().catch(() => undefined);
  await phrases();
  await plotter().catch(() => null);
}

/** Nobody is signed in here and this is no panel: nothing is shown, and that is said. */
function shut() {
  const root = fresh();
  root.className = "shut";
  door(root, opened);
}

async function opened() {
  await whoami();
  header.mount(document.getElementById("top"), speak);
  show();
  link();
  if (me.view) start();
}

function link() {
  document.body.classList.toggle("lost", state.lost && me.view);
  document.body.classList.toggle("shut", !me.view);
  if (!state.lost && missing) { missing = false; show(); }
  if (!state.lost) since = 0;
  else since ||= state.status ? now() : -1;
  const el = document.getElementById("lost");
  if (!state.lost || !me.view) return put(el);
  return put(el, h("b", null, t(since > 0 ? "lost.title" : "lost.first")),
    since > 0 ? h("span", null, t("lost.since", { time: clock(since) })) : null);
}

/** Everything anew, in the present language. */
export async function speak(language) {
  await load(language);
  if (state.status) phrases();
  header.mount(document.getElementById("top"), speak);
  show();
  link();
}

await whoami();
if (me.view) start();
await speak();
addEventListener("hashchange", show);
on("link", link);
on("table", () => show()); // another configuration: other tags
on("who", () => (me.view === document.body.classList.contains("shut")) && show());
bind(Object.keys(VIEWS), header.KEYS);
bindSound();
keepAlive();
setTimeout(rest, LATER);
