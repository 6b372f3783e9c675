// Columns as the picture wants them: a null wherever a line must break, one time axis for all lines.

/* global uPlot */
const GAP = 3; // a hole is wider than this many usual steps, and than the tag may be silent

/** From `start` on, with a null in every hole, so that no line bridges it; `holes` in seconds. */
export function breakLines({ tag, columns }, start) {
  const from = columns.time.findIndex((x) => x >= start);
  const cut = (name) => (from < 0 ? [] : columns[name].slice(from));
  const [time, value, low, high, quality] = ["time", "value", "low", "high", "quality"].map(cut);
  const steps = time.slice(1).map((x, k) => x - time[k]).sort((a, b) => a - b);
  const most = Math.max(GAP * (steps[Math.floor(steps.length / 2)] ?? 1000), tag.max_age_s * 1000), holes = [];
  for (let k = time.length - 1; k > 0; k -= 1) {
    if (time[k] - time[k - 1] <= most) continue;
    holes.push({ from: time[k - 1] / 1000, to: time[k] / 1000, kind: "gap" });
    time.splice(k, 0, time[k - 1] + 1);
    for (const column of [value, low, high, quality]) column.splice(k, 0, null);
  }
  return { time: time.map((x) => x / 1000), value, low, high, quality, holes };
}

/** One table for all lines; where only others have a point a line goes on, where it has a null it breaks. */
export function aligned(cut) {
  const tables = cut.map(({ time, value, low, high }) => [time, value, low, high]);
  return tables.length === 1 ? tables[0] : uPlot.join(tables, tables.map(() => [0, 2, 2, 2]));
}

/** Runs of one standing that is not good: {from, to, kind} in seconds. */
export function stretches({ time, quality }) {
  const kindOf = (q) => (q === null || q < 64 ? "" : q < 128 ? "uncertain" : "bad"), found = [];
  for (let k = 0; k < time.length; k += 1) {
    const kind = kindOf(quality[k]), to = time[k + 1] ?? time[k];
    if (!kind) continue;
    const last = found.at(-1);
    if (last && last.kind === kind && last.to >= time[k]) last.to = to;
    else found.push({ from: time[k], to, kind });
  }
  return found;
}
