// What else a person does to an alarm: keep it away for a time, take it out of service, the steps of its disposal.

import { toast } from "../dom.js";
import { t } from "../i18n.js";
import { send } from "../api.js";
import { dialog, field } from "../forms.js";
import { me } from "../session.js";
import { now } from "../state.js";
import { actor } from "../who.js";

const HOUR = 3600e3;
const SHELVES = [0.5, 1, 2, 4, 8];
const DAYS = [1, 3, 7, 14, 30];

const text = (name, attrs = {}) => field(name, t(`step.${name}`), { maxlength: 500, ...attrs });

/** Of a highly managed alarm a second person must agree; where there are accounts, with his own password. */
function second() {
  const fields = [field("second", t("step.second"), { id: "second", maxlength: 64 })];
  if (me.mode === "sign-in") fields.push(field("secondPassword", t("step.secondpassword"), { type: "password", maxlength: 200 }));
  return fields;
}

const secondOf = ({ second: id, secondPassword }) => (id ? { second: { id, name: id, ...(secondPassword && { password: secondPassword }) } } : {});

/** `base`: the plant's commands, or those of a drill. */
async function go(what, title, fields, body, done, base = "commands") {
  const who = await actor(`${base}/${what}`);
  if (!who) return false;
  const found = await dialog(title, "", fields, t(`step.do.${what}`), (values) => send("POST", `/api/v1/${base}/${what}`, { ...who, ...body(values) }));
  if (found) toast(t("step.done", { what: t(`step.do.${what}`), n: done }));
  return Boolean(found);
}

/** `seen`: [{id, n}] as on the screen. */
export function shelve(seen) {
  const hours = SHELVES.map((x) => [String(x), t("step.hours", { n: x }), x === 1]);
  return go("shelve", t("step.shelve", { n: seen.length }), [
    text("reason", { id: "shelve-reason", required: true }), field("hours", t("step.until"), { id: "shelve-hours" }, hours), ...second(),
  ], (v) => ({ ids: seen, comment: v.reason, until: new Date(now() + Number(v.hours) * HOUR).toISOString(), ...secondOf(v) }), seen.length);
}

export function remove(seen) {
  const days = DAYS.map((x) => [String(x), t("step.days", { n: x }), x === 1]);
  return go("remove", t("step.remove", { n: seen.length }), [
    text("permit", { required: true, maxlength: 100 }), text("reason", { required: true }), field("days", t("step.until"), {}, days), ...second(),
  ], (v) => ({ ids: seen, comment: v.reason, permit: v.permit, until: new Date(now() + Number(v.days) * 24 * HOUR).toISOString(), ...secondOf(v) }), seen.length);
}

/** Back: what was shelved, or out of service. */
export function bring(a) {
  const what = a.suppression === "shelved" ? "unshelve" : "return";
  return go(what, `${a.tag} ${a.name}`, [text("reason")], (v) => ({ ids: [{ id: a.id, n: a.n }], comment: v.reason }), 1);
}

const STATES = { // state of the disposal -> the steps a person can take
  open: ["assign", "handle"], assigned: ["handle", "assign"], handling: ["submit"], review: ["settle", "send-back", "dismiss"],
  closed: ["reopen"], "false-alarm": ["reopen"], "not-required": [],
};
const FIELDS = {
  assign: () => [text("assignee", { required: true })],
  handle: () => [text("reason")],
  submit: () => [text("cause", { required: true }), text("measure", { required: true }), text("evidence"), text("reason")],
  settle: () => [text("reason")],
  "send-back": () => [text("reason", { required: true })],
  dismiss: () => [text("reason", { required: true })],
  reopen: () => [text("reason", { required: true })],
};

export const stepsOf = (a) => STATES[a.disposal] ?? [];

export function step(a, what, base) {
  return go(what, `${a.tag} ${a.name}: ${t(`step.do.${what}`)}`, FIELDS[what](), ({ reason, ...words }) => ({ ids: [{ id: a.id, n: a.n }], comment: reason ?? "", ...words }), 1, base);
}
