// Beside the list: what to do, and everything that is known of the alarm the person looks at.

import { h, put } from "../dom.js";
import { t } from "../i18n.js";
import { plain, stamp } from "../format.js";
import { alarmStyle, mark } from "../marks.js";
import { spoken } from "../phrases.js";
import { about, state, tagOf } from "../state.js";
import { delivery, deliveryOf } from "../delivery.js";
import { bring, remove, shelve, step, stepsOf } from "./alarm_dialogs.js";
import { card } from "./alarm_card.js";
import { report } from "./alarm_report.js";
import { reset } from "./acknowledge.js";

export function detail(side, a, acknowledge) {
  if (!a) return put(side, h("p.empty", null, t("detail.none")));
  const told = `${state.lost} ${a.id} ${a.n} ${JSON.stringify(delivery.alarms[a.id] ?? "")}`;
  if (side.dataset.told === told && side.childElementCount) return side;
  const same = side.dataset.id === a.id, focused = side.contains(document.activeElement) ? document.activeElement.textContent : "";
  [side.dataset.told, side.dataset.id] = [told, a.id];
  put(side, head(a), guidance(a), card(a), buttons(a, acknowledge), disposal(a), report(a), sent(a), facts(a), members(a), children(a));
  if (same && focused) [...side.querySelectorAll("button, a")].find((el) => el.textContent === focused)?.focus(); // drawn anew under somebody's keys
  return side;
}

function head(a) {
  return h("header", null, mark(a.level, alarmStyle(a)),
    h("div", null, h("h2", null, `${a.tag} ${a.name}`), h("p", null, about(a))));
}

function guidance(a) {
  return h("section.guidance", null, h("h3", null, t("detail.guidance")), h("p", null, a.guidance || t(a.fault ? `fault.do.${a.kind}` : "detail.noguidance")));
}

function buttons(a, acknowledge) {
  return h("div.buttons", null,
    tagOf(a.tag) ? h("a.button", { href: `#/trend/${encodeURIComponent(a.tag)}?p=60` }, t("detail.trend")) : null,
    ...away(a),
    a.latch === "latched" && a.condition === "normal" ? h("button", { type: "button", disabled: state.lost, onclick: () => reset({ id: a.id, n: a.n }) }, t("act.reset")) : null,
    a.acknowledgement === "unacknowledged" ? h("button.primary", { type: "button", disabled: state.lost, onclick: acknowledge }, t("act.ack")) : null);
}

/** Keep it away for a time, or bring it back. */
function away(a) {
  if (a.suppression === "by-design") return [];
  if (a.suppression !== "none") return [h("button", { type: "button", id: "bring", disabled: state.lost, onclick: () => bring(a) }, t(`step.do.${a.suppression === "shelved" ? "unshelve" : "return"}`))];
  const seen = [{ id: a.id, n: a.n }];
  return [h("button", { type: "button", id: "shelve", disabled: state.lost, onclick: () => shelve(seen) }, t("step.do.shelve")),
    h("button", { type: "button", id: "remove", disabled: state.lost, onclick: () => remove(seen) }, t("step.do.remove"))];
}

/** The closed loop: where it stands and what comes next. */
function disposal(a) {
  if (a.disposal === "not-required") return null;
  return h("section.disposal", null, h("h3", null, t("detail.disposal"), " ", h("b", null, t(`disposal.${a.disposal}`)), a.due ? h("span", null, ` ${t("detail.due", { time: stamp(Date.parse(a.due)) })}`) : null),
    h("div.buttons", null, stepsOf(a).map((what) => h("button", { type: "button", "data-step": what, disabled: state.lost, onclick: () => step(a, what) }, t(`step.do.${what}`)))));
}

/** Output by output: how far its newest event has come. */
function sent(a) {
  const { ways } = deliveryOf(a.id);
  if (!Object.keys(ways).length) return null;
  return h("section.sent", null, h("h3", null, t("detail.sent")), h("dl", null, Object.entries(ways).flatMap(([name, way]) => [
    h("dt", null, name), h("dd", null, t(`delivery.${way.stage}`), way.at ? ` ${stamp(Date.parse(way.at)).slice(11)}` : "", way.refused ? ` ${spoken(way.refused)}` : "")])));
}

function facts(a) {
  const unit = (value) => (value === null ? t("novalue") : `${plain(value)} ${a.unit}`);
  const rows = [
    ["condition", t(`condition.${a.condition}`)],
    ["acknowledgement", t(`ack.${a.acknowledgement}`)],
    ["by", a.acknowledged_by ? [a.acknowledged_by.name, a.acknowledged_by.workstation].filter(Boolean).join(" · ") : null],
    ["comment", a.comment || null],
    ["isa", `${a.isa} · ${t(`isa.${a.isa}`)}`],
    ["level", `${t(`level.${a.level}`)} · ${t("priority", { n: a.priority })}`],
    ["onset", stamp(Date.parse(a.onset))],
    ["raised", stamp(a.raisedMs)],
    ["changed", stamp(Date.parse(a.changed))],
    ["value", unit(a.value)],
    ["limit", a.limit === null ? null : unit(a.limit)],
    ["reset", a.reset === null ? null : unit(a.reset)],
    ["away", a.suppression === "none" ? null : [t(`suppression.${a.suppression}`), a.set_aside_by?.name, a.until ? stamp(Date.parse(a.until)) : null, a.reason].filter(Boolean).join(" · ")],
    ["asidefor", a.aside_for || null],
    ["rule", a.rule],
    ["id", `${a.id.slice(0, 12)} · ${a.n}`],
  ];
  return h("dl", null, rows.filter(([, value]) => value !== null).flatMap(([key, value]) => [h("dt", null, t(`detail.${key}`)), h("dd", null, value)]));
}

/** What this one keeps from the operator by design. */
function children(a) {
  const kept = [...state.alarms.values()].filter((x) => x.suppression === "by-design" && x.aside_for === a.rule);
  return kept.length ? h("section", { id: "suppresses" }, h("h3", null, t("detail.suppresses", { n: kept.length })), h("ul.members", null, kept.map((x) => h("li", null, `${x.tag} ${x.name}`)))) : null;
}

function members(a) {
  if (!a.members.length) return null;
  return h("section", null, h("h3", null, t("detail.members")),
    h("ul.members", null, a.members.map((id) => h("li", null, h("a", { href: `#/trend/${encodeURIComponent(id)}` }, id)))));
}
