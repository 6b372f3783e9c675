// Starts the page: words first, then the views, then the stream.

import { h, put } from "./dom.js";
import { load, t } from "./i18n.js";
import { clock } from "./format.js";
import { now, on, state } from "./state.js";
import { start } from "./stream.js";
import { bind } from "./keys.js";
import * as header from "./header.js";
import * as overview from "./views/overview.js";
import * as alarms from "./views/alarms.js";
import * as tags from "./views/tags.js";
import * as trend from "./views/trend.js";
import * as events from "./views/events.js";
import * as field from "./views/field.js";
import * as engineering from "./views/engineering.js";
import * as reports from "./views/reports.js";
import * as people from "./views/people.js";
import { door } from "./views/door.js";
import { bindSound } from "./views/sound_button.js";
import { keepAlive, me, whoami } from "./session.js";

export const VIEWS = { overview, alarms, tags, trend, events, field, engineering, reports, people };
let leave = null; // ends the view that is shown
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

function show() {
  leave?.();
  leave = null;
  if (!me.view) return shut();
  const at = place(), root = fresh();
  root.className = at.name;
  document.title = `${t(`nav.${at.name}`)} - ${t("product")}`;
  header.choose(at.name);
  leave = VIEWS[at.name].mount(root, at);
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
  header.mount(document.getElementById("top"), speak);
  show();
  link();
}

await whoami();
await speak();
addEventListener("hashchange", show);
on("link", link);
on("table", () => show()); // another configuration: other tags
on("who", () => (me.view === document.body.classList.contains("shut")) && show());
bind(Object.keys(VIEWS));
bindSound();
keepAlive();
if (me.view) start();
