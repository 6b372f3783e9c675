// Beside the list: what to do, and everything that is known of the alarm the person looks at.

import { h, put } from "../dom.js";
import { t } from "../i18n.js";
import { plain, stamp } from "../format.js";
import { alarmStyle, mark } from "../marks.js";
import { about, state, tagOf } from "../state.js";
import { reset } from "./acknowledge.js";

export function detail(side, a, acknowledge) {
  if (!a) return put(side, h("p.empty", null, t("detail.none")));
  if (side.dataset.told === `${a.id} ${a.n}` && side.childElementCount) return side;
  side.dataset.told = `${a.id} ${a.n}`;
  return put(side, head(a), guidance(a), buttons(a, acknowledge), facts(a), members(a));
}

function head(a) {
  return h("header", null, mark(a.level, alarmStyle(a)),
    h("div", null, h("h2", null, `${a.tag} ${a.name}`), h("p", null, about(a))));
}

function guidance(a) {
  return h("section.guidance", null, h("h3", null, t("detail.guidance")), h("p", null, a.guidance || t("detail.noguidance")));
}

function buttons(a, acknowledge) {
  return h("div.buttons", null,
    tagOf(a.tag) ? h("a.button", { href: `#/trend/${encodeURIComponent(a.tag)}?p=60` }, t("detail.trend")) : null,
    a.latch === "latched" && a.condition === "normal" ? h("button", { type: "button", disabled: state.lost, onclick: () => reset({ id: a.id, n: a.n }) }, t("act.reset")) : null,
    a.acknowledgement === "unacknowledged" ? h("button.primary", { type: "button", disabled: state.lost, onclick: acknowledge }, t("act.ack")) : null);
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
    ["rule", a.rule],
    ["id", `${a.id.slice(0, 12)} · ${a.n}`],
  ];
  return h("dl", null, rows.filter(([, value]) => value !== null).flatMap(([key, value]) => [h("dt", null, t(`detail.${key}`)), h("dd", null, value)]));
}

function members(a) {
  if (!a.members.length) return null;
  return h("section", null, h("h3", null, t("detail.members")),
    h("ul.members", null, a.members.map((id) => h("li", null, h("a", { href: `#/trend/${encodeURIComponent(id)}` }, id)))));
}
