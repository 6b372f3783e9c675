// What the gateway said last. Views read it and are told what kind of thing changed; only the stream writes it.

import { said } from "./i18n.js";
import { trouble } from "./phrases.js";

export const state = {
  lost: true,
  heard: 0, // performance.now() of the last message
  ahead: 0, // gateway's clock minus this panel's, ms
  build: null,
  status: null,
  levels: [],
  alarms: new Map(), // id -> occurrence
  tags: [], // unchanging part, in table order
  places: new Map(), // installation id -> its level view
  index: new Map(), // tag id -> row
  described: new Map(), // a tag's own words -> tag
  value: [],
  quality: [],
  at: [], // source time, ms UTC; 0: never
};

const listeners = new Map();

/** on("alarms", f) -> a function that ends it. Kinds: status, levels, alarms, tags, table, link, second. */
export function on(kinds, listener) {
  for (const kind of kinds.split(" ")) {
    if (!listeners.has(kind)) listeners.set(kind, new Set());
    listeners.get(kind).add(listener);
  }
  return () => kinds.split(" ").forEach((kind) => listeners.get(kind).delete(listener));
}

export function tell(kind) {
  const all = listeners.get(kind) ?? new Set();
  for (const listener of [...all]) if (all.has(listener)) listener(kind); // one may end others, and begin new ones
}

/** The gateway's time now, ms UTC. */
export const now = () => Date.now() + state.ahead;

function setTable(tags) {
  state.tags = tags;
  state.index = new Map(tags.map((tag, i) => [tag.id, i]));
  state.described = new Map(tags.map((tag) => [tag.description, tag]));
}

/**
 * One message of the stream: full or change. Times and ages in it count from `t`. With another configuration's table of
 * tags all is drawn anew, once, and nothing of it before it is whole.
 */
export function take(message, full, table = null) {
  state.ahead = message.t - Date.now();
  if (message.status) state.status = message.status;
  if (message.levels) {
    state.levels = message.levels;
    state.places = new Map(message.levels.map((l) => [l.installation, l]));
  }
  if (full) state.alarms = new Map(message.alarms.map((a) => [a.id, prepared(a)]));
  else if (message.alarms) {
    message.alarms.gone.forEach((id) => state.alarms.delete(id));
    message.alarms.set.forEach((a) => state.alarms.set(a.id, prepared(a)));
  }
  if (message.tags) takeTags(message.tags, message.t);
  if (table) {
    setTable(table);
    return tell("table");
  }
  for (const kind of ["status", "levels", "alarms", "tags"]) if (message[kind]) tell(kind);
  return undefined;
}

function takeTags({ i, v, q, a }, t) {
  for (let k = 0; k < i.length; k += 1) {
    state.value[i[k]] = v[k];
    state.quality[i[k]] = q[k];
    state.at[i[k]] = a[k] < 0 ? 0 : t - a[k];
  }
}

function prepared(alarm) {
  alarm.raisedMs = Date.parse(alarm.raised);
  return alarm;
}

/** What an alarm is about, in the reader's language where its words are those of its tag. */
export function about(alarm) {
  if (alarm.kind === "system") return trouble(alarm.description);
  const own = tagOf(alarm.tag), tag = own?.description === alarm.description ? own : state.described.get(alarm.description); // a group's are a member's
  return tag ? said(tag, "description") : alarm.description;
}

/** What the table knows of an alarm's tag; null for a link or the system itself. */
export const tagOf = (id) => state.tags[state.index.get(id)] ?? null;
