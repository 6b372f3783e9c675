// The picture of a trend: uPlot for axes and lines, our own hooks for limits, shading, gaps, alarms and the forecast.

/* global uPlot */
import { clock, day, NONE, plain } from "../format.js";
import { t } from "../i18n.js";
import { now } from "../state.js";
import { colours, hatch, pens } from "./chart_style.js";
import { aligned, breakLines, stretches } from "./chart_data.js";

const AXIS = 58;
const DAY_S = 86400;

/** `lines`: [{tag, columns, hidden}]; `extra`: {alarms, forecast}. The first line is the one in the foreground. */
export class Chart {
  constructor(box, readout, lines, range, extra, zoomed) {
    Object.assign(this, { box, readout, lines, extra, zoomed, colours: colours(), pens: pens() });
    this.units = [...new Set(lines.map((line) => line.tag.unit))];
    box.replaceChildren();
    this.show(range, true);
    this.plot = new uPlot(this.options(), this.data, box);
    this.sight = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.sight.observe(box);
  }

  size() {
    return { width: Math.max(200, this.box.clientWidth), height: Math.max(160, this.box.clientHeight) };
  }

  show([start, end], first = false) {
    this.range = [start / 1000, (this.extra.forecast?.known ? this.extra.forecast.time_ms.at(-1) : end) / 1000];
    const cut = this.lines.map((line) => breakLines(line, start));
    this.marks = { stretches: stretches(cut[0]), holes: cut[0].holes };
    this.data = aligned(cut);
    if (!first) this.plot.setData(this.data);
  }

  options() {
    const c = this.colours, grid = { stroke: c.grid, width: 1 }, font = "13px system-ui, sans-serif";
    const axis = { stroke: c.text, grid, ticks: grid, font };
    const scales = { x: { range: () => this.range } };
    this.units.forEach((unit, i) => { scales[`y${i}`] = { range: (_, min, max) => this.reach(unit, min, max) }; });
    return {
      ...this.size(), scales,
      tzDate: (ts) => new Date((ts + 8 * 3600) * 1000 + new Date().getTimezoneOffset() * 60e3), // people see UTC+8
      axes: [{ ...axis, values: (_, splits) => splits.map((s) => this.when(s)) }, ...this.units.map((unit, i) => ({
        ...axis, scale: `y${i}`, side: i % 2 ? 1 : 3, grid: i ? { show: false } : grid, size: AXIS, label: unit || undefined, labelFont: font, labelSize: 20,
        values: (__, splits) => even(splits),
      }))],
      series: [{ label: t("trend.time"), value: (_, s) => (s === null ? NONE : `${day(s * 1000).slice(5)} ${clock(s * 1000)}`) }, ...this.lines.flatMap((line, i) => this.series(line, i))],
      bands: this.lines.map((_, i) => ({ series: [3 + 3 * i, 2 + 3 * i], fill: i ? "transparent" : c.band })),
      legend: { mount: (_, el) => this.readout.replaceChildren(el) },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 8 } },
      hooks: { drawClear: [(u) => this.shade(u)], draw: [(u) => this.limits(u), (u) => this.forecast(u), (u) => this.alarms(u)], setSelect: [(u) => this.picked(u)] },
    };
  }

  /** A line in its pen, and its extremes (drawn as a band for the first line only). */
  series(line, i) {
    const pen = this.pens[i], scale = `y${this.units.indexOf(line.tag.unit)}`, unit = line.tag.unit, hide = { scale, stroke: "transparent", spanGaps: false, points: { show: false } };
    const told = (_, v) => (v === null || v === undefined ? NONE : plain(v));
    return [
      { label: line.tag.raw, scale, stroke: pen.colour, dash: pen.dash, width: 2, spanGaps: false, points: { show: false }, value: (_, v) => (v === null || v === undefined ? NONE : `${plain(v)} ${unit}`) },
      { ...hide, label: t("trend.low"), value: told, class: i ? "extreme" : "foremost" }, { ...hide, label: t("trend.high"), value: told, class: i ? "extreme" : "foremost" },
    ];
  }

  when(s) {
    return this.range[1] - this.range[0] > 2 * DAY_S ? day(s * 1000).slice(this.range[1] - this.range[0] > 200 * DAY_S ? 0 : 5) : clock(s * 1000).slice(0, 5);
  }

  /** The values, and every limit of the first line that is near enough to matter. */
  reach(unit, min, max) {
    const { tag } = this.lines.find((line) => line.tag.unit === unit), first = this.lines[0].tag;
    let [a, b] = [min ?? tag.low ?? 0, max ?? tag.high ?? 1];
    const span = Math.max(b - a, tag.low !== null && tag.high !== null ? (tag.high - tag.low) * 0.05 : 1e-6);
    if (unit === first.unit) {
      const ahead = this.extra.forecast?.known ? [...this.extra.forecast.value] : [];
      for (const value of [...enabled(first).map((l) => l.trigger), ...ahead]) {
        if (value < a && value > a - span) a = value;
        if (value > b && value < b + span) b = value;
      }
    }
    const air = Math.max(b - a, span) * 0.08;
    return [a - air, b + air];
  }

  picked(u) {
    if (u.select.width < 8) return;
    this.zoomed(u.posToVal(u.select.left, "x") * 1000, u.posToVal(u.select.left + u.select.width, "x") * 1000);
  }

  /** Behind the lines: doubtful stretches of the first in one pattern, blind ones in another, no record in a third. */
  shade(u) {
    inside(u, (ctx, { top, height }) => {
      for (const { from, to, kind } of [...this.marks.stretches, ...this.marks.holes]) {
        const x0 = u.valToPos(from, "x", true), x1 = Math.max(x0 + 2, u.valToPos(to, "x", true));
        ctx.fillStyle = this.colours[kind];
        ctx.fillRect(x0, top, x1 - x0, height);
        if (kind !== "uncertain") hatch(ctx, x0, x1, top, height, this.colours.hatch, kind === "bad" ? 8 : 16);
      }
    });
  }

  /** Trigger lines full, reset lines dashed, each with its name at the left edge. Grey: a limit is not an alarm. */
  limits(u) {
    const unit = devicePixelRatio;
    inside(u, (ctx, { left, width, top, height }) => {
      ctx.font = `600 ${12 * unit}px system-ui, sans-serif`;
      ctx.textBaseline = "bottom";
      for (const { name, trigger, reset } of enabled(this.lines[0].tag)) {
        for (const [at, dash] of [[trigger, []], [reset, [4 * unit, 5 * unit]]]) {
          const y = at === null ? NaN : u.valToPos(at, "y0", true);
          if (!(y >= top && y <= top + height)) continue;
          stroke(ctx, this.colours.limit, dash.length ? unit : 1.5 * unit, dash, [[left, y], [left + width, y]]);
          ctx.fillStyle = this.colours.text;
          if (!dash.length) ctx.fillText(`${name} ${plain(trigger)}`, left + 6 * unit, y - 2 * unit);
        }
      }
    });
  }

  /** The line as it would go on, dotted in its band; it is no reading and does not look like one. */
  forecast(u) {
    const f = this.extra.forecast;
    if (!f?.known) return;
    inside(u, (ctx) => {
      const at = (column) => f.time_ms.map((x, k) => [u.valToPos(x / 1000, "x", true), u.valToPos(column[k], "y0", true)]);
      ctx.fillStyle = this.colours.ahead;
      ctx.beginPath();
      [...at(f.low), ...at(f.high).reverse()].forEach(([x, y], k) => (k ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      ctx.fill();
      stroke(ctx, this.colours.line, 2 * devicePixelRatio, [2 * devicePixelRatio, 6 * devicePixelRatio], at(f.value));
    });
  }

  /** A bar along the bottom where an alarm stood, in its colour with its letter: the only colour in the picture. */
  alarms(u) {
    const unit = devicePixelRatio, rows = this.extra.alarms ?? [];
    inside(u, (ctx, { top, height }) => {
      ctx.font = `700 ${10 * unit}px system-ui, sans-serif`;
      ctx.textBaseline = "middle";
      rows.forEach(({ level, start_ms: start, end_ms: end, shadow }, k) => {
        const y = top + height - (10 + (k % 4) * 12) * unit, x0 = u.valToPos(start / 1000, "x", true);
        const x1 = Math.max(x0 + 5 * unit, u.valToPos((end ?? now()) / 1000, "x", true));
        ctx.globalAlpha = shadow ? 0.45 : 1;
        ctx.fillStyle = this.colours[level] ?? this.colours.limit;
        ctx.fillRect(x0, y, x1 - x0, 9 * unit);
        ctx.fillStyle = this.colours[`on-${level}`] ?? this.colours.text;
        if (x1 - x0 > 14 * unit) ctx.fillText(t(`level.${level}.letter`), Math.max(x0, u.bbox.left) + 2 * unit, y + 5 * unit);
      });
    });
  }

  close() {
    this.sight.disconnect();
    this.plot.destroy();
  }
}

const enabled = (tag) => tag.limits.filter((l) => l.enabled && l.trigger !== null);

/** Draw inside the plot's own box. */
function inside(u, draw) {
  const { ctx } = u, { left, top, width, height } = u.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.textAlign = "left"; // the axes leave their own
  draw(ctx, u.bbox);
  ctx.restore();
}

function stroke(ctx, colour, width, dash, points) {
  ctx.setLineDash(dash);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.beginPath();
  points.forEach(([x, y], k) => (k ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
}

/** Labels with one number of decimals, as many as the step needs. */
function even(splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  const decimals = Math.min(6, Math.max(0, ...[0, 1, 2, 3, 4, 5, 6].filter((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) > 1e-6).map((d) => d + 1)));
  return splits.map((v) => v.toFixed(decimals));
}
