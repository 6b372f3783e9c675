// Requests. Acts carry the session's word in a header, which no other site can read or set.

import { t } from "./i18n.js";
import { proof, whoami } from "./session.js";
import { phrases, spoken } from "./phrases.js";
import { on, state } from "./state.js";

const ACTS = /\/(commands|exercise)\//;

export class Failed extends Error {
  constructor(status, body) {
    super(spoken(body?.reason) ?? `HTTP ${status}`);
    this.status = status;
    this.faults = body?.faults?.map(faultSpoken) ?? null; // of a configuration, one by one
  }
}

/** A fault of a configuration: what is allowed, and the hint, for this reader. */
export const faultSpoken = (fault) => ({ ...fault, value: spoken(fault.value), allowed: spoken(fault.allowed), hint: spoken(fault.hint) });

async function read(answer) {
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  await phrases();
  throw new Failed(answer.status, body);
}

let cut = new AbortController();
/** What was asked before the gateway was lost is answered by nobody, and must not keep the stream from being opened again. */
on("link", () => {
  if (state.lost) cut.abort(new Failed(0, { reason: t("lost.act") }));
  if (state.lost) cut = new AbortController();
});

export const get = async (path) => read(await reach(path, { cache: "no-store", signal: cut.signal }));

/** A browser's own words for a network that is not there are in the browser's language. */
const reach = (path, asked) => fetch(path, asked).catch((fault) => {
  throw fault instanceof TypeError ? new Failed(0, { reason: t("lost.reach") }) : fault;
});

function ask(method, path, body) {
  const headers = { ...proof(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  return reach(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

/** send("POST", "/api/v1/accounts", {...}). A word from before a restart is renewed once. */
export async function send(method, path, body) {
  if (state.lost && ACTS.test(path)) throw new Failed(0, { reason: t("lost.act") }); // nobody acts on a picture that is not live
  const answer = await ask(method, path, body);
  if (answer.status !== 401) return read(answer);
  const failed = await answer.json().catch(() => null);
  await Promise.all([whoami(), phrases()]);
  const again = await ask(method, path, body);
  if (again.status === 401) throw new Failed(401, failed);
  return read(again);
}

/** A file as it is; the gateway reads it and keeps nothing. */
export async function upload(path, file) {
  const headers = { ...proof(), "Content-Type": "application/octet-stream" };
  return read(await reach(path, { method: "POST", headers, body: file }));
}

/** What the gateway makes of a file, kept under a name. */
export async function download(path, file, name) {
  const headers = { ...proof(), "Content-Type": "application/octet-stream" }, answer = await reach(path, { method: "POST", headers, body: file });
  if (!answer.ok) await read(answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** act("acknowledge", {ids, comment}). */
export const act = (what, body) => send("POST", `/api/v1/commands/${what}`, body);
