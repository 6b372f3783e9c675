// The line above a group of alarms of one cause: what it is, how many of which level, how many wait.

import { h, put } from "../dom.js";
import { said, t } from "../i18n.js";
import { mark } from "../marks.js";
import { grouped } from "../groups.js";
import { about, state } from "../state.js";

const LEVELS = ["red", "orange", "yellow", "blue"];

function groupRow() {
  const cell = h("th", { scope: "rowgroup", colspan: 9 }), el = h("tr.grouphead", null, cell);
  return {
    update(group) {
      const waits = group.alarms.filter((a) => a.acknowledgement === "unacknowledged").length;
      const counts = LEVELS.map((level) => [level, group.alarms.filter((a) => a.level === level).length]).filter(([, n]) => n);
      const title = group.kind === "link" ? `${group.head.tag} · ${about(group.head)}` : said(state.places.get(group.head.installation) ?? { name: group.head.installation || t("site") }, "name");
      put(cell, h("b", null, title), h("span", null, t(`alarms.group.${group.kind}`)), counts.map(([level, n]) => h("span.count", null, mark(level, "hollow"), h("b", null, String(n)))),
        h("span.muted", null, t("alarms.waiting", { n: waits })));
      return el;
    },
  };
}

/** Rows in their order, group heads (kept in `heads`) above theirs; what stands right is not moved. */
export function layOut(body, shown, rows, heads) {
  const above = new Map();
  const there = heads ? shown.map((id) => state.alarms.get(id)).filter(Boolean) : [];
  for (const group of grouped(there)) {
    if (!heads.has(group.key)) heads.set(group.key, groupRow());
    above.set(group.ids[0], heads.get(group.key).update(group));
  }
  const wanted = shown.flatMap((id) => (above.has(id) ? [above.get(id), rows.get(id).el] : [rows.get(id).el]));
  wanted.forEach((el, i) => { if (body.children[i] !== el) body.insertBefore(el, body.children[i] ?? null); });
  while (body.children.length > wanted.length) body.lastElementChild.remove();
}
