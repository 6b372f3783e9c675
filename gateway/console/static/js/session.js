// Who this page is. Signed in, a registered panel that only looks, or (a gateway without accounts) a name that is given.

import { now, tell } from "./state.js";

/* global early */
const WORD = "X-Fengsui-Session";
const PATIENCE = 4000; // ms: on a dead network questions would pile up and keep the stream from being opened
const MOVED_EVERY = 60e3; // how often the gateway is told that somebody is here
export let me = { mode: "name", setup: false, user: null, roles: [], workstation: "", panel: false, view: true, until: null, word: "", may: [] };
let moved = 0;

/** The header that makes a request an act of this page's. */
export const proof = () => ({ [WORD]: me.word });

/** The first time what early.js asked before the scripts were there. */
export async function whoami() {
  const first = early.session;
  early.session = null; // an answer is read once
  const answer = await (first ?? fetch("/api/v1/session", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }));
  if (answer.ok) become(await answer.json());
  return me;
}

export function become(found) {
  me = found;
  tell("who");
}

/** A part that this console does not have at all: "changes", "proposals", "exercise". */
export const lacks = (part) => me.lacks?.includes(part) ?? false;

/** may("commands/acknowledge"): would the gateway allow it? The gateway decides; the page only does not offer in vain. */
export const may = (path, method = "POST") => me.may.includes(`${method} /api/v1/${path}`);

export const holds = (...roles) => me.mode === "name" || roles.some((role) => me.roles.includes(role));

/** A regulator reads status, levels and alarms; no tag and no journal. */
export const readsAll = () => me.mode === "name" || me.roles[0] !== "regulator";

async function here() {
  if (me.mode !== "sign-in" || !me.user || Date.now() - moved < MOVED_EVERY) return;
  moved = Date.now();
  const answer = await fetch("/api/v1/session/here", { method: "POST", headers: proof() });
  if (answer.ok) become(await answer.json());
  else await whoami();
}

/** Movement keeps the right to act; silence ends it, and the page says so when it does. */
export function keepAlive() {
  const told = () => here().catch(() => null); // out of reach: the banner says so
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, told, { passive: true });
  setInterval(() => {
    if (me.until && now() > me.until) whoami().catch(() => null);
  }, 5000);
}
