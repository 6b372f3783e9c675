// The dual report (双报告) of a major event: to the department and to the workers' congress, each with its time and receipt.

import { h, put, toast } from "../dom.js";
import { t } from "../i18n.js";
import { act, get } from "../api.js";
import { dialog, field } from "../forms.js";
import { local, stamp, utc } from "../format.js";
import { readsAll } from "../session.js";
import { now, state } from "../state.js";
import { actor } from "../who.js";

const TO = ["department", "congress"];

/** What is owed and what was made; null where no report is. */
export function report(a) {
  if (a.report === "not-required") return null;
  const el = h("section.report", { id: "dual-report" });
  draw(el, a, null);
  if (readsAll()) get(`/api/v1/events/search?event=reported&id=${a.id}&limit=20`).then((found) => draw(el, a, found.events), () => null); // out of reach: the banner says so
  return el;
}

function draw(el, a, events) {
  const due = a.report_due && !["made", "waived"].includes(a.report) ? ` ${t("detail.due", { time: stamp(Date.parse(a.report_due)) })}` : "";
  put(el, h("h3", null, t("dual.title"), " ", h("b", null, t(`dual.${a.report}`)), h("span", null, due)),
    h("dl", null, TO.flatMap((to) => [h("dt", null, t(`dual.to.${to}`)), h("dd", { "data-to": to }, told(a, to, events))])),
    a.report === "waived" ? null : h("div.buttons", null, TO.map((to) => h("button", { type: "button", "data-report": to, disabled: state.lost, onclick: () => make(a, to) }, t(`dual.do.${to}`)))));
}

/** Every version, newest first: when, which receipt, who recorded it. */
function told(a, to, events) {
  const done = a.report === "made" || a.report === to;
  const lines = (events ?? []).filter((e) => e.detail.to === to).map((e) => h("div", null, stamp(Date.parse(e.detail.made)), " · ", h("b", null, e.detail.reference), ` · ${e.actor?.name ?? ""}`, e.comment ? ` · ${e.comment}` : ""));
  if (lines.length) return lines;
  return h(`span${done ? "" : ".odd"}`, null, t(done ? "dual.done" : "dual.not"));
}

async function make(a, to) {
  const who = await actor("commands/report");
  if (!who) return;
  const made = await dialog(`${t(`dual.do.${to}`)}: ${a.tag} ${a.name}`, t("zone"), [
    field("reference", t("dual.reference"), { id: "report-reference", required: true, maxlength: 200 }),
    field("time", t("dual.time"), { id: "report-time", type: "datetime-local", step: 1, value: local(now()) }),
    field("comment", t("events.comment"), { id: "report-comment", maxlength: 500 }),
  ], t("act.ok"), ({ time, ...v }) => act("report", { ...who, ...v, to, ids: [{ id: a.id, n: a.n }], ...(time && { time: new Date(utc(time)).toISOString() }) }));
  if (made) toast(t("dual.recorded"));
}
