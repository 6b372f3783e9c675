// The order of the alarm list, and when it must stand still. Pure: no page, no clock.

const LEVEL = { red: 4, orange: 3, yellow: 2, blue: 1 };
const kept = (a) => a.suppression !== "none"; // from the operator, by a person or by design: a list of its own

/** What each of the lists shows. */
export const kinds = {
  all: (a) => !kept(a), unack: (a) => !kept(a) && a.acknowledgement === "unacknowledged", process: (a) => !kept(a) && !a.fault,
  fault: (a) => !kept(a) && a.fault, away: kept,
};

/**
 * Unacknowledged first; of these what still is (or may be) before what went back to normal; then by level, process before
 * instrument, priority, and the newest. Shadow alarms are announced to nobody: last.
 */
export function compare(a, b) {
  return (a.shadow - b.shadow)
    || ((b.acknowledgement === "unacknowledged") - (a.acknowledgement === "unacknowledged"))
    || ((a.condition === "normal") - (b.condition === "normal"))
    || (LEVEL[b.level] - LEVEL[a.level])
    || (a.fault - b.fault)
    || (a.priority - b.priority)
    || (b.raisedMs - a.raisedMs)
    || (a.id < b.id ? -1 : 1);
}

/**
 * What to show: {ids, fresh}. While held, what is on the screen stays where it is (closed ones too) and `fresh` counts
 * what waits; otherwise the list is sorted anew.
 */
export function arrange(shown, alarms, held, order = null) {
  const sorted = order ? order([...alarms.values()]) : [...alarms.values()].sort(compare).map((a) => a.id);
  if (!held) return { ids: sorted, fresh: 0 };
  const there = new Set(shown);
  return { ids: shown, fresh: sorted.filter((id) => !there.has(id)).length };
}

/** id -> [k, m]: the k-th of m open occurrences of one rule, oldest first; only where there are several. */
export function branches(alarms) {
  const byRule = new Map();
  for (const a of alarms.values()) {
    if (!byRule.has(a.rule)) byRule.set(a.rule, []);
    byRule.get(a.rule).push(a);
  }
  const found = new Map();
  for (const group of byRule.values()) {
    if (group.length < 2) continue;
    group.sort((a, b) => a.raisedMs - b.raisedMs);
    group.forEach((a, k) => found.set(a.id, [k + 1, group.length]));
  }
  return found;
}
