// Listens to the gateway. Silence is told at once: the banner comes and the page turns grey, never stale and calm.

/* global early */
import { state, take, tell } from "./state.js";
import { get } from "./api.js";
import { me, readsAll, whoami } from "./session.js";

const SILENCE = 5000; // the gateway speaks at least every two seconds
const LATE = 5000; // ms by which a message may come later than the quickest of its stream
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

let opened = 0; // performance.now() when this stream was asked for
let quickest = []; // gateway's clock minus each of ours when the message that came quickest was here
/** One that nobody sets, but that stands still while a laptop sleeps, and one that goes on, but that people set. */
const clocks = () => [performance.now(), Date.now()];
/**
 * Did it come in time? A network or a proxy that holds everything back for a while, and goes on speaking, would otherwise show
 * the past as the present; so would what waited for a panel that slept. Without a clock that both share, lateness is against
 * the stream's own best.
 */
function timely({ t }, full) {
  const offsets = clocks().map((at) => t - at);
  quickest = full ? offsets : quickest.map((best, i) => Math.max(best, offsets[i]));
  return full ? performance.now() - opened < SILENCE : offsets.every((offset, i) => quickest[i] - offset < LATE);
}

let work = Promise.resolve();
/** In turn: a change must not overtake the full picture that is still fetching its tag table. */
function inTurn(handle, full = false) {
  return (event) => {
    const mine = event.target, still = () => mine === source; // else of a stream that was given up
    if (!still()) return undefined;
    const message = JSON.parse(event.data);
    if (!timely(message, full)) return again();
    heard();
    work = work.then(() => still() && handle(message, still)).catch(() => still() && again());
    return undefined;
  };
}

const HANDLERS = {
  full: inTurn((message, still) => onFull(message, still), true),
  change: inTurn((message) => take(message, false)),
  beat: inTurn((message) => { state.ahead = message.t - Date.now(); }),
};

/** Who may not see tags (a regulator) has a table without rows. */
const tagTable = () => (readsAll() ? get("/api/v1/tags") : Promise.resolve({ config: null, tags: [] }));

let table = null; // asked for together with the stream
/** That of this configuration: what was asked for early may be that of the one before. */
async function tableOf(config) {
  const found = await table?.catch(() => null);
  table = null;
  return found && (found.config === config || found.config === null) ? found.tags : (await tagTable()).tags;
}

async function onFull(message, still) {
  if (state.build && message.build !== state.build) location.reload(); // the gateway was upgraded under us
  state.build = message.build;
  const other = state.status?.config !== message.status.config;
  const tags = other ? await tableOf(message.status.config) : null;
  if (!still()) return; // the stream was lost while the table came: this picture is an old one
  state.lost = false;
  take(message, true, tags);
  tell("link");
}

function open() {
  clearTimeout(reopening);
  source?.close();
  if (!state.status) table ??= early.tags ?? tagTable();
  const begun = begunEarly();
  opened = begun?.opened ?? performance.now();
  source = begun?.source ?? new EventSource("/api/v1/stream");
  for (const [kind, handle] of Object.entries(HANDLERS)) source.addEventListener(kind, handle);
  source.onerror = (event) => event.target === source && again();
  for (const event of begun?.said ?? []) HANDLERS[event.type](event);
}

/** The stream that early.js has opened, the first time; none where it has ended meanwhile. */
function begunEarly() {
  const { stream } = early;
  Object.assign(early, { stream: null, tags: null, taken: true });
  return stream?.source.readyState === EventSource.CLOSED ? null : stream;
}

/** As somebody else: a stream belongs to who asked for it, and ends with his session. */
export function renew() {
  if (source) open();
}

/** Also when the session is over: an unregistered page then has no view, and says so. */
function again() {
  lost();
  stop();
  reopening = setTimeout(open, RETRY);
  whoami().then(() => { if (!me.view) stop(); }, () => null);
}

function stop() {
  clearTimeout(reopening);
  source?.close();
  source = null;
}

let looked = clocks(); // when the page last looked at itself
/** Our two clocks have gone apart: the panel slept, or somebody set its clock. Either way nothing here is sure to be of now. */
function slept() {
  const [[mono, wall], at] = [looked, clocks()];
  looked = at;
  return Math.abs(at[1] - wall - (at[0] - mono)) > SILENCE;
}

function look() {
  // A stream that is being opened is given up like one that is silent: the system itself would try a dead network for minutes.
  if (source && (slept() || performance.now() - Math.max(state.heard, opened) > SILENCE)) again();
  else if (performance.now() - state.heard > SILENCE) lost();
}

let watching = 0;
export function start() {
  heard();
  open();
  if (watching) return;
  watching = setInterval(() => { look(); tell("second"); }, 1000);
  // Who comes back to a page that was hidden, frozen or kept looks before he is shown anything.
  for (const [target, name] of [[document, "visibilitychange"], [document, "resume"], [window, "pageshow"]]) target.addEventListener(name, look);
}
