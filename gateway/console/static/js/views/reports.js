// Figures of ISA-18.2 with their targets, and the page a shift or a month is handed over with: made to be printed.

import { h, put, segments, toast } from "../dom.js";
import { has, said, t } from "../i18n.js";
import { get } from "../api.js";
import { day, plain, stamp } from "../format.js";
import { mark } from "../marks.js";
import { now, state } from "../state.js";

const HOUR = 3600e3;
const PERIODS = { shift: 12 * HOUR, day: 24 * HOUR, week: 168 * HOUR, month: 720 * HOUR };
const SOON = 30 * 24 * HOUR;

export function mount(root, { query }) {
  let period = query.get("p") in PERIODS ? query.get("p") : "shift", end = Number(query.get("end")) || 0;
  const paper = h("article.paper", { id: "paper" });
  const show = () => {
    history.replaceState(null, "", `#/reports?p=${period}${end ? `&end=${Math.round(end)}` : ""}`); // a link opens the same paper
    return state.status && draw(paper, period, end || now());
  };
  put(root, h("div.toolbar.noprint", null, segments(t("report.period"), Object.keys(PERIODS).map((p) => [p, t(`report.${p}`)]), period, (p) => { period = p; show(); }),
    h("button", { type: "button", id: "report-back", title: t("report.back"), "aria-label": t("report.back"), onclick: () => { end = (end || now()) - PERIODS[period]; show(); } }, "◀"),
    h("button", { type: "button", onclick: () => { end = 0; show(); } }, t("report.now")), h("div.space"),
    h("button.primary", { type: "button", id: "print", onclick: () => window.print() }, t("report.print"))), paper);
  show();
  return () => null;
}

async function draw(el, period, end) {
  const start = end - PERIODS[period], range = `start=${Math.round(start)}&end=${Math.round(end)}`;
  put(el, head(period, start, end), h("p.muted", null, t("eng.working")));
  const asked = [get(`/api/v1/kpi?${range}`), get(`/api/v1/events/search?event=manual-reading&limit=50&${range}`)];
  const [kpi, manual] = await Promise.all(asked.map((p) => p.catch((fault) => { toast(t("act.failed", { reason: fault.message }), true); return null; })));
  put(el, head(period, start, end), figures(kpi), lists(kpi), open(), away(), calibration(), compared(manual?.events ?? []), signs());
}

function head(period, start, end) {
  return h("header", null, h("h1", null, `${t(`report.title.${period}`)} · ${said(state.status ?? {}, "name") ?? ""}`), h("p", null, `${stamp(start)} – ${stamp(end)} ${t("zone")}`), h("p.muted", null, `${state.status?.gateway ?? ""} · ${state.status?.version ?? ""} · ${t("gateway.journal")} ${state.status?.seq ?? ""} ${state.status?.hash.slice(-8) ?? ""}`));
}

function part(title, head_, rows, none) {
  return h("section", null, h("h2", null, t(title)), rows.length ? h("table", null, h("thead", null, h("tr", null, head_.map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", null, rows)) : h("p", null, t(none)));
}

/** Met or not in words and by a sign, not by colour. */
function figures(kpi) {
  if (!kpi) return h("section", null, h("h2", null, t("report.figures")), h("p.wrong", null, t("report.nofigures")));
  const all = [...kpi.figures, ...(Array.isArray(kpi.service) ? kpi.service : [])];
  return h("div", null, kpi.long_enough ? null : h("p.muted", null, t("report.short")), part("report.figures", ["report.figure", "events.value", "report.target", "report.met"], all.map((f) => h("tr", null,
    h("td", null, has(`kpi.${f.name}`) ? t(`kpi.${f.name}`) : f.name), h("td", null, `${plain(f.value)} ${f.unit}`), h("td", null, f.target === null || f.target === undefined ? "" : String(f.target)),
    h(`td${f.met === false ? ".odd" : ""}`, null, f.met === null || f.met === undefined ? "" : t(f.met ? "report.yes" : "report.no")))), "report.nothing"));
}

function lists(kpi) {
  if (!kpi) return null;
  const rows = kpi.top_ten.map((x) => h("tr", null, h("td", null, x.rule), h("td", null, String(x.count))));
  const words = ["chattering", "fleeting", "stale"].map((name) => h("p", null, h("b", null, `${t(`report.${name}`)}: `), kpi[name].length ? kpi[name].join(", ") : t("report.nothing")));
  return h("div", null, part("report.top", ["detail.rule", "report.count"], rows, "report.nothing"), words);
}

const alarms = (fit) => [...state.alarms.values()].filter((a) => !a.shadow && fit(a));
const cells = (a) => [h("td", null, mark(a.level, "hollow")), h("td", null, `${a.tag} ${a.name}`), h("td", null, t(`condition.${a.condition}`)), h("td", null, stamp(a.raisedMs))];

const open = () => part("report.open", ["alarms.level", "alarms.tag", "alarms.state", "detail.raised", "detail.acknowledgement"],
  alarms((a) => a.suppression === "none").map((a) => h("tr", null, cells(a), h("td", null, t(`ack.${a.acknowledgement}`), a.acknowledged_by ? ` ${a.acknowledged_by.name}` : ""))), "alarms.none");

const away = () => part("report.away", ["alarms.level", "alarms.tag", "alarms.state", "detail.raised", "detail.away"],
  alarms((a) => a.suppression !== "none").map((a) => h("tr", null, cells(a), h("td", null, [t(`suppression.${a.suppression}`), a.set_aside_by?.name, a.until ? stamp(Date.parse(a.until)) : "", a.reason].filter(Boolean).join(" · ")))), "report.nothing");

function calibration() {
  const due = state.tags.filter((tag) => tag.calibration_due && Date.parse(tag.calibration_due) < now() + SOON).sort((a, b) => (a.calibration_due < b.calibration_due ? -1 : 1));
  return part("report.calibration", ["tags.id", "tags.description", "report.due"], due.slice(0, 200).map((tag) => h("tr", null, h("td", null, tag.raw), h("td", null, said(tag, "description")),
    h(`td${Date.parse(tag.calibration_due) < now() ? ".odd" : ""}`, null, tag.calibration_due))), "report.nothing");
}

const compared = (events) => part("report.manual", ["tags.id", "events.time", "report.byhand", "report.online", "report.agrees", "events.actor"], events.map((e) => h("tr", null, h("td", null, e.tag), h("td", null, stamp(Date.parse(e.time))),
  h("td", null, `${plain(e.value)} ${e.unit ?? ""}`), h("td", null, e.detail?.online_value === undefined ? "" : `${e.detail.online} ${plain(Number(e.detail.online_value))}`),
  h(`td${e.detail?.agrees === false ? ".odd" : ""}`, null, e.detail?.agrees === undefined || e.detail.agrees === null ? "" : t(e.detail.agrees ? "yes" : "no")), h("td", null, e.actor?.name ?? ""))), "report.nothing");

const signs = () => h("section.signs", null, h("p", null, `${t("report.handed")} ____________________`), h("p", null, `${t("report.taken")} ____________________`), h("p", null, `${t("report.printed")} ${day(now())}`));
