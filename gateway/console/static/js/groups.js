// A flood by cause: what hangs on one lost line or device under it, the rest by place; the group of the worst alarm first.

import { compare } from "./order.js";

/** [{key, kind, head, ids}] of alarms (a list): kind "link" (head is its alarm) or "place" (key is the installation). */
export function grouped(alarms) {
  const cause = new Map(); // tag -> the link alarm that blinds it
  for (const a of alarms) for (const tag of a.kind === "link" ? a.members : []) cause.set(tag, a);
  const groups = new Map();
  for (const a of [...alarms].sort(compare)) {
    const link = a.kind === "link" ? a : cause.get(a.tag);
    const key = link ? `link ${link.id}` : `place ${a.installation}`;
    if (!groups.has(key)) groups.set(key, { key, kind: link ? "link" : "place", head: link ?? a, ids: [], alarms: [] });
    groups.get(key).ids.push(a.id);
    groups.get(key).alarms.push(a);
  }
  for (const group of groups.values()) group.ids = firstOut(group.alarms);
  return [...groups.values()];
}

/** What is kept from the operator, under what keeps it: the rule that suppresses it by design, or the person and his reason. */
export function keptBy(alarms) {
  const groups = new Map();
  for (const a of [...alarms].sort(compare)) {
    const by = a.suppression === "by-design" ? "parent" : "person", key = `${by} ${by === "parent" ? a.aside_for : [a.suppression, a.set_aside_by?.id, a.reason, a.until].join(" ")}`;
    if (!groups.has(key)) groups.set(key, { key, kind: by, head: a, ids: [], alarms: [] });
    groups.get(key).ids.push(a.id);
    groups.get(key).alarms.push(a);
  }
  return [...groups.values()].sort((a, b) => (a.kind < b.kind ? -1 : 0) || compare(a.head, b.head));
}

const LEVEL = { red: 4, orange: 3, yellow: 2, blue: 1 };

/** Higher levels stay on top; among one level the first of a trip, which is the cause as far as anybody knows. */
function firstOut(alarms) {
  return [...alarms].sort((a, b) => (LEVEL[b.level] - LEVEL[a.level]) || (b.first_out - a.first_out) || compare(a, b)).map((a) => a.id);
}

const WINDOW = 600e3;
const MANY = 10; // EEMUA 191: more than ten in ten minutes is a flood

/** How many were raised in the last ten minutes, and whether that is a flood. */
export function flood(alarms, now) {
  const n = [...alarms].filter((a) => !a.shadow && now - a.raisedMs < WINDOW).length;
  return { n, is: n > MANY };
}
