// Listens to the gateway. Silence is told at once: the banner comes and the page turns grey, never stale and calm.

import { state, take, tell } from "./state.js";
import { get } from "./api.js";
import { me, whoami } from "./session.js";

const SILENCE = 5000; // the gateway speaks at least every two seconds
const RETRY = 2000;
let source = null;
let reopening = 0;

function lost() {
  if (state.lost) return;
  state.lost = true;
  tell("link");
}

function heard() {
  state.heard = performance.now();
}

let work = Promise.resolve();
/** In turn: a change must not overtake the full picture that is still fetching its tag table. */
function inTurn(handle) {
  return (event) => {
    heard();
    const message = JSON.parse(event.data);
    work = work.then(() => handle(message)).catch(again);
  };
}

/** Who may not see tags (a regulator) has a table without rows. */
async function tagTable() {
  try {
    return await get("/api/v1/tags");
  } catch (fault) {
    if (fault.status === 403) return { config: null, tags: [] };
    throw fault;
  }
}

let early = null; // the table, asked for together with the stream
/** That of this configuration: what was asked for early may be that of the one before. */
async function tableOf(config) {
  const found = await early?.catch(() => null);
  early = null;
  return found && (found.config === config || found.config === null) ? found.tags : (await tagTable()).tags;
}

async function onFull(message) {
  if (state.build && message.build !== state.build) location.reload(); // the gateway was upgraded under us
  state.build = message.build;
  const other = state.status?.config !== message.status.config;
  const table = other ? await tableOf(message.status.config) : null;
  state.lost = false;
  take(message, true, table);
  tell("link");
}

function open() {
  clearTimeout(reopening);
  source?.close();
  if (!state.status) early ??= tagTable();
  source = new EventSource("/api/v1/stream");
  source.addEventListener("full", inTurn(onFull));
  source.addEventListener("change", inTurn((message) => take(message, false)));
  source.addEventListener("beat", inTurn((message) => { state.ahead = message.t - Date.now(); }));
  source.onerror = again;
}

/** Also when the session is over: an unregistered page then has no view, and says so. */
function again() {
  lost();
  whoami().then(() => { if (!me.view) stop(); }, () => null);
  source?.close();
  clearTimeout(reopening);
  reopening = setTimeout(open, RETRY);
}

function stop() {
  clearTimeout(reopening);
  source?.close();
  source = null;
}

let watching = 0;
export function start() {
  heard();
  open();
  watching ||= setInterval(() => {
    if (performance.now() - state.heard > SILENCE && source?.readyState === EventSource.OPEN) again();
    else if (performance.now() - state.heard > SILENCE) lost();
    tell("second");
  }, 1000);
}
