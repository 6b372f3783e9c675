// The picture of a trend: uPlot for axes and lines, our own hooks for limits, shading and gaps.

/* global uPlot */
import { clock, NONE, plain } from "../format.js";
import { t } from "../i18n.js";

const AXIS = 56;
const GAP = 3; // a hole is wider than this many usual steps, and than the tag may be silent

export class Chart {
  constructor(box, readout, tag, columns, [start, end]) {
    this.tag = tag;
    this.box = box;
    this.readout = readout;
    this.colours = colours();
    box.replaceChildren();
    this.show(columns, [start, end], true);
    this.plot = new uPlot(this.options(), this.data, box);
    this.sight = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.sight.observe(box);
  }

  size() {
    return { width: Math.max(200, this.box.clientWidth), height: Math.max(160, this.box.clientHeight) };
  }

  /** Columns as uPlot wants them: seconds, and a null where the line must break. */
  show(columns, [start, end], first = false) {
    this.range = [start / 1000, end / 1000];
    const from = columns.time.findIndex((x) => x >= start);
    const cut = (name) => (from < 0 ? [] : columns[name].slice(from));
    const time = cut("time"), value = cut("value"), low = cut("low"), high = cut("high");
    this.quality = cut("quality");
    this.holes = breakLines(time, [value, low, high, this.quality], this.tag);
    this.data = [time.map((x) => x / 1000), value, low, high];
    if (!first) this.plot.setData(this.data);
  }

  options() {
    const c = this.colours, grid = { stroke: c.grid, width: 1 }, font = "13px system-ui, sans-serif";
    const axis = { stroke: c.text, grid, ticks: grid, font };
    return {
      ...this.size(),
      tzDate: (ts) => new Date((ts + 8 * 3600) * 1000 + new Date().getTimezoneOffset() * 60e3), // people see UTC+8
      scales: { x: { range: () => this.range }, y: { range: (_, min, max) => this.reach(min, max) } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((s) => clock(s * 1000).slice(0, 5)) },
        { ...axis, size: AXIS, label: this.tag.unit || undefined, labelFont: font, labelSize: 20, values: (_, splits) => even(splits) },
      ],
      series: [
        { label: t("trend.time"), value: (_, s) => (s === null ? NONE : clock(s * 1000)) },
        { label: this.tag.raw, stroke: c.line, width: 2, spanGaps: false, points: { show: false }, value: (_, v) => (v === null ? NONE : `${plain(v)} ${this.tag.unit}`) },
        { label: t("trend.low"), stroke: "transparent", spanGaps: false, points: { show: false }, value: (_, v) => (v === null ? NONE : plain(v)) },
        { label: t("trend.high"), stroke: "transparent", spanGaps: false, points: { show: false }, value: (_, v) => (v === null ? NONE : plain(v)) },
      ],
      bands: [{ series: [3, 2], fill: c.band }],
      legend: { mount: (_, el) => this.readout.replaceChildren(el) },
      cursor: { drag: { x: false, y: false }, points: { size: 8 } },
      hooks: { drawClear: [(u) => this.shade(u)], draw: [(u) => this.lines(u)] },
    };
  }

  /** The values, and every limit that is near enough to matter. */
  reach(min, max) {
    const { low, high } = this.tag;
    let [a, b] = [min ?? low ?? 0, max ?? high ?? 1];
    const span = Math.max(b - a, low !== null && high !== null ? (high - low) * 0.05 : 1e-6);
    for (const { trigger } of this.limits()) {
      if (trigger < a && trigger > a - span) a = trigger;
      if (trigger > b && trigger < b + span) b = trigger;
    }
    const air = Math.max(b - a, span) * 0.08;
    return [a - air, b + air];
  }

  limits() {
    return this.tag.limits.filter((l) => l.enabled && l.trigger !== null);
  }

  /** Behind the line: doubtful stretches in one pattern, blind ones in another, no record in a third. */
  shade(u) {
    const { ctx } = u, { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const { from, to, kind } of [...stretches(this.data[0], this.quality), ...this.holes]) {
      const x0 = u.valToPos(from, "x", true), x1 = Math.max(x0 + 2, u.valToPos(to, "x", true));
      ctx.fillStyle = this.colours[kind];
      ctx.fillRect(x0, top, x1 - x0, height);
      if (kind !== "uncertain") hatch(ctx, x0, x1, top, height, this.colours.hatch, kind === "bad" ? 8 : 16);
    }
    ctx.restore();
  }

  /** Trigger lines full, reset lines dashed, each with its name at the left edge. Grey: a limit is not an alarm. */
  lines(u) {
    const { ctx } = u, { left, top, width, height } = u.bbox, unit = devicePixelRatio;
    ctx.save();
    ctx.font = `600 ${12 * unit}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    for (const { name, trigger, reset } of this.limits()) {
      for (const [at, dash] of [[trigger, []], [reset, [4 * unit, 5 * unit]]]) {
        const y = at === null ? NaN : u.valToPos(at, "y", true);
        if (!(y >= top && y <= top + height)) continue;
        ctx.setLineDash(dash);
        ctx.strokeStyle = this.colours.limit;
        ctx.lineWidth = (dash.length ? 1 : 1.5) * unit;
        ctx.beginPath();
        ctx.moveTo(left, y);
        ctx.lineTo(left + width, y);
        ctx.stroke();
        if (!dash.length) {
          ctx.fillStyle = this.colours.text;
          ctx.fillText(`${name} ${plain(trigger)}`, left + 6 * unit, y - 2 * unit);
        }
      }
    }
    ctx.restore();
  }

  close() {
    this.sight.disconnect();
    this.plot.destroy();
  }
}

/** Labels with one number of decimals, as many as the step needs. */
function even(splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  const decimals = Math.min(6, Math.max(0, ...[0, 1, 2, 3, 4, 5, 6].filter((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) > 1e-6).map((d) => d + 1)));
  return splits.map((v) => v.toFixed(decimals));
}

/** Put a null into every hole, so that no line bridges it; returns the holes in seconds. */
function breakLines(time, columns, tag) {
  const steps = time.slice(1).map((x, k) => x - time[k]).sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? 1000;
  const most = Math.max(GAP * usual, tag.max_age_s * 1000), holes = [];
  for (let k = time.length - 1; k > 0; k -= 1) {
    if (time[k] - time[k - 1] <= most) continue;
    holes.push({ from: time[k - 1] / 1000, to: time[k] / 1000, kind: "gap" });
    time.splice(k, 0, time[k - 1] + 1);
    columns.forEach((column) => column.splice(k, 0, null));
  }
  return holes;
}

/** Runs of one standing that is not good: {from, to, kind} in seconds. */
function stretches(time, quality) {
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

function hatch(ctx, x0, x1, top, height, colour, step) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x0, top, x1 - x0, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = x0 - height; x < x1; x += step * devicePixelRatio) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

function colours() {
  const style = getComputedStyle(document.documentElement), of = (name) => style.getPropertyValue(name).trim();
  return {
    text: of("--muted"), grid: of("--line"), line: of("--trend"), band: of("--band"), limit: of("--limit"),
    uncertain: of("--uncertain"), bad: of("--blind"), gap: of("--blind"), hatch: of("--hatch"),
  };
}
