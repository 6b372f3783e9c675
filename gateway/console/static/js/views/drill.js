// Drills (演练). Everything on this page is of the drill and says so; what the plant does stands on the other pages, untouched.

import { h, put, toast } from "../dom.js";
import { t } from "../i18n.js";
import { get, send } from "../api.js";
import { dialog, field } from "../forms.js";
import { age, plain, stamp } from "../format.js";
import { alarmStyle, mark } from "../marks.js";
import { lacks } from "../session.js";
import { on, state } from "../state.js";
import { actor } from "../who.js";
import { step, stepsOf } from "./alarm_dialogs.js";

const EVERY_MS = 2000;
const BASE = "exercise/commands";
const failed = (fault) => toast(t("act.failed", { reason: fault.message }), true);
const button = (words, attrs, act) => h("button", { type: "button", disabled: state.lost, onclick: act, ...attrs }, words);

export function mount(root) {
  if (lacks("exercise")) return put(root, h("p.empty", null, t("drill.nothere"))) && (() => null);
  const now = h("section.panel.drill", { id: "drill-now" }), alarms = h("section.panel.drill", { id: "drill-alarms" }), last = h("section.panel", { id: "drill-last" });
  put(root, h("p.drillmark", { role: "note" }, h("b", null, t("drill.mark")), " ", t("drill.about")), now, alarms, last);
  let timer = 0, over = false, known = null, told = "";
  async function look() {
    clearTimeout(timer);
    try {
      const found = await get("/api/v1/exercise"), open = found.running ? (await get("/api/v1/exercise/alarms")).alarms : [];
      const shown = JSON.stringify([found, open.map((a) => [a.id, a.n]), state.lost]);
      if (shown !== told) { status(now, found, look); list(alarms, found, open, look); }
      told = shown;
      if (found.last !== known) report(last, known = found.last);
    } catch (fault) {
      if (!state.lost) put(now, h("p.wrong", null, fault.message));
      for (const act of root.querySelectorAll("button")) act.disabled = true;
      told = "";
    }
    if (!over) timer = setTimeout(look, EVERY_MS);
  }
  look();
  const end = on("link", look);
  return () => { over = true; clearTimeout(timer); end(); };
}

function status(el, d, again) {
  if (!d.running) {
    return put(el, h("h2", null, t(d.starting ? "drill.starting" : "drill.none")), d.starting ? null : h("div.buttons", null, button(t("drill.start"), { id: "drill-start", class: "primary" }, () => start(d, again))));
  }
  const rows = [["drill.scenario", d.scenario], ["drill.by", d.by], ["drill.since", stamp(Date.parse(d.since))], ["drill.elapsed", `${age(d.elapsed_s * 1000)}${d.length_s ? ` / ${age(d.length_s * 1000)}` : ""}`],
    ["drill.alarms", `${d.alarms} · ${t("unacknowledged")} ${d.unacknowledged}`], ["drill.real", d.real_alarms.length ? d.real_alarms.map((a) => `${a.rule} ${stamp(Date.parse(a.raised)).slice(11)}`).join(", ") : t("report.nothing")]];
  return put(el, h("h2", null, `${t("drill.runs")} ${d.exercise}`), h("dl.facts", null, rows.flatMap(([key, value]) => [h("dt", null, t(key)), h(`dd${key === "drill.real" && d.real_alarms.length ? ".odd" : ""}`, null, value)])),
    h("div.buttons", null, button(t("drill.stop"), { id: "drill-stop" }, () => stop(again))));
}

async function start(d, again) {
  const who = await actor("exercise/start");
  if (!who) return;
  const names = d.scenarios ?? [], words = field("scenario", t("drill.text"), { id: "drill-text", rows: 8, maxlength: 1000000 });
  const fields = [field("comment", t("drill.why"), { id: "drill-why", required: true, maxlength: 500 }), words];
  if (names.length) fields.unshift(field("name", t("drill.named"), { id: "drill-name" }, [...names.map((x) => [x, x]), ["", t("drill.own")]]));
  const done = await dialog(t("drill.start"), t("drill.about"), fields, t("drill.start"), ({ name = "", scenario, comment }) => send("POST", "/api/v1/exercise/start", { ...who, comment, ...(scenario.trim() ? { scenario } : { name }) }));
  if (done) toast(t("drill.begun"));
  again();
}

async function stop(again) {
  const who = await actor("exercise/stop");
  if (!who) return;
  if (await dialog(t("drill.stop"), "", [field("comment", t("step.reason"), { id: "drill-end", required: true, maxlength: 500 })], t("drill.stop"), (v) => send("POST", "/api/v1/exercise/stop", { ...who, ...v }))) toast(t("drill.ended"));
  again();
}

function list(el, d, alarms, again) {
  if (!d.running) return put(el);
  const waits = (a) => a.acknowledgement === "unacknowledged";
  return put(el, h("header", null, h("h2", null, t("drill.alarmsof")), h("div.space"), button(t("alarms.ackall", { n: alarms.filter(waits).length }), { id: "drill-ack-all", disabled: state.lost || !alarms.some(waits) }, () => acknowledge(alarms.filter(waits), again))),
    alarms.length ? h("div.scroll", null, h("table", null, h("tbody", null, alarms.map((a) => h("tr", { "data-drill": a.id }, h("td", null, mark(a.level, alarmStyle(a)), h("i.chip", null, t("drill.mark"))), h("td", null, h("b", null, `${a.tag} ${a.name}`), h("div", null, a.description)),
      h("td", null, t(`condition.${a.condition}`), h("div", null, t(`ack.${a.acknowledgement}`))), h("td", null, a.value === null ? "" : `${plain(a.value)} ${a.unit}`), h("td", null, stamp(Date.parse(a.raised))),
      h("td.acts", null, waits(a) ? button(t("act.ack"), { "data-ack": a.id }, () => acknowledge([a], again)) : a.acknowledged_by?.name ?? "", stepsOf(a).map((what) => button(t(`step.do.${what}`), { "data-step": what }, () => step(a, what, BASE).then(again))))))))) : h("p.empty", null, t("alarms.none")));
}

async function acknowledge(alarms, again) {
  const who = await actor(`${BASE}/acknowledge`);
  if (!who) return;
  await send("POST", `/api/v1/${BASE}/acknowledge`, { ...who, ids: alarms.map((a) => ({ id: a.id, n: a.n })) }).catch(failed);
  again();
}

async function report(el, ident) {
  if (!ident) return put(el);
  const r = await get(`/api/v1/exercise/report?exercise=${encodeURIComponent(ident)}`).catch(() => null);
  if (!r) return put(el);
  const expected = (r.expected ?? []).map((e) => h(`li${e.came === null ? ".odd" : ""}`, null, `${e.expected} → ${e.came ?? t("drill.nevercame")}${e.late_s ? ` (+${plain(e.late_s)} s)` : ""}`));
  const rows = (r.alarms ?? []).slice(0, 200).map((a) => h("tr", null, h("td", null, a.rule), h("td", null, t("drill.after_s", { s: plain(a.raised_after_s) })), h("td", null, a.acknowledged_after_s === null ? t("ack.unacknowledged") : `${plain(a.acknowledged_after_s)} s`), h("td", null, a.acknowledged_by ?? "")));
  return put(el, h("h2", null, `${t("drill.last")} ${ident}`), h("p", null, [r.scenario, r.started && stamp(Date.parse(r.started)), r.started_by, r.why].filter(Boolean).join(" · ")),
    h("p", null, t("drill.figures", { alarms: r.alarms_count ?? 0, acked: r.acknowledged ?? 0 })), h("ul.expected", null, expected), rows.length ? h("div.scroll", null, h("table", null, h("thead", null, h("tr", null, ["detail.rule", "drill.at", "drill.after", "events.actor"].map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", null, rows))) : null);
}
