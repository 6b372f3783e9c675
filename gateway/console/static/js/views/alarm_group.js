// The line above a group of alarms of one cause: what it is, how many of which level, how many wait.

import { h, put } from "../dom.js";
import { said, t } from "../i18n.js";
import { mark } from "../marks.js";
import { stamp } from "../format.js";
import { grouped, keptBy } from "../groups.js";
import { about, state } from "../state.js";

const LEVELS = ["red", "orange", "yellow", "blue"];

/** How the list is grouped: what is kept away always by what keeps it, the rest by cause if a person wants it. */
export const grouping = (kind, byCause) => (kind === "away" ? keptBy : byCause ? grouped : null);

/** In the order of their groups. */
export const inOrder = (group) => group && ((alarms) => group(alarms).flatMap((g) => g.ids));

function titleOf({ kind, head }) {
  if (kind === "link") return `${head.tag} · ${about(head)}`;
  if (kind === "parent") return parent(head.aside_for);
  if (kind === "person") return [t(`suppression.${head.suppression}`), head.set_aside_by?.name, head.until ? t("alarms.keptuntil", { time: stamp(Date.parse(head.until)) }) : "", head.reason, head.permit].filter(Boolean).join(" · ");
  return said(state.places.get(head.installation) ?? { name: head.installation || t("site") }, "name");
}

/** The alarm that suppresses, as it stands now. */
function parent(rule) {
  const a = [...state.alarms.values()].find((x) => x.rule === rule);
  return a ? `${a.tag} ${a.name} · ${about(a)} · ${t(`condition.${a.condition}`)}` : rule;
}

function groupRow() {
  const cell = h("th", { scope: "rowgroup", colspan: 9 }), el = h("tr.grouphead", null, cell);
  return {
    update(group) {
      const waits = group.alarms.filter((a) => a.acknowledgement === "unacknowledged").length;
      const counts = LEVELS.map((level) => [level, group.alarms.filter((a) => a.level === level).length]).filter(([, n]) => n);
      put(cell, h("b", null, titleOf(group)), h("span", null, t(`alarms.group.${group.kind}`)), counts.map(([level, n]) => h("span.count", null, mark(level, "hollow"), h("b", null, String(n)))),
        h("span.muted", null, t("alarms.waiting", { n: waits })));
      return el;
    },
  };
}

/** Rows in their order, group heads (kept in `heads`) above theirs; what stands right is not moved. */
export function layOut(body, shown, rows, heads, group) {
  const above = new Map();
  const there = group ? shown.map((id) => state.alarms.get(id)).filter(Boolean) : [];
  for (const one of there.length ? group(there) : []) {
    if (!heads.has(one.key)) heads.set(one.key, groupRow());
    above.set(one.ids[0], heads.get(one.key).update(one));
  }
  const wanted = shown.flatMap((id) => (above.has(id) ? [above.get(id), rows.get(id).el] : [rows.get(id).el]));
  wanted.forEach((el, i) => { if (body.children[i] !== el) body.insertBefore(el, body.children[i] ?? null); });
  while (body.children.length > wanted.length) body.lastElementChild.remove();
}
