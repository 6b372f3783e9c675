// Tags over time: limits and reset lines, alarms as they stood, what was doubtful shaded, what is missing left open, the live
// end, and where it goes. The address holds tags, period, end and forecast: a link opens the same view again.

import { h, klass, put, segments, text, toast } from "../dom.js";
import { said, t } from "../i18n.js";
import { get } from "../api.js";
import { age, number, plain, qualityWords, stamp } from "../format.js";
import { levelBlock, mark, qualityMark } from "../marks.js";
import { now, on, state } from "../state.js";
import { typing } from "../keys.js";
import { plotter } from "../plotter.js";
import { Chart } from "./chart.js";
import { pens } from "./chart_style.js";
import { picture, pickPeriod } from "./trend_tools.js";

const PERIODS = [15, 60, 240, 480, 1440, 10080, 43200, 525600]; // minutes
const MOST = 8;
const POINTS = 900;
const LONGEST = POINTS * 1000; // ms: then as many live points have come as the merged past has

export function mount(root, { rest, query }) {
  const trend = new Trend(root, (rest[0] ?? "").split(",").filter(Boolean), query);
  const ends = [on("tags", () => trend.live())];
  const restyle = () => trend.draw();
  addEventListener("theme", restyle);
  root.addEventListener("keydown", (event) => trend.key(event));
  return () => { ends.forEach((end) => end()); removeEventListener("theme", restyle); trend.close(); };
}

class Trend {
  constructor(root, ids, query) {
    this.minutes = Math.min(20 * 525600, Math.max(1, Number(query.get("p")) || 60));
    this.end = Number(query.get("end")) || 0; // ms UTC; 0: live
    this.ahead = query.get("f") === "1";
    this.ids = ids.filter((id) => state.index.has(id)).slice(0, MOST);
    this.tags = this.ids.map((id) => state.tags[state.index.get(id)]);
    Object.assign(this, { chart: null, lines: null, extra: {}, asked: 0 });
    this.build(root, ids);
    if (this.ids.length) this.load();
  }

  build(root, ids) {
    const options = h("datalist", { id: "tag-options" });
    const input = h("input", { type: "search", list: "tag-options", id: "add-tag", placeholder: t(this.ids.length ? "trend.add" : "trend.pick"), "aria-label": t("trend.add"),
      oninput: () => put(options, matching(input.value).map((tag) => h("option", { value: tag.id }, said(tag, "description")))),
      onchange: () => state.index.has(input.value.trim()) && this.go([...new Set([...this.ids, input.value.trim()])].slice(0, MOST)) });
    this.box = h("div.chart", { id: "chart", tabindex: 0, "aria-label": t("nav.trend") });
    this.head = h("div.trendhead");
    this.foot = h("div.limits");
    const button = (id, words, act, attrs = {}) => h("button", { type: "button", id, onclick: act, ...attrs }, words);
    put(root, h("div.toolbar", null, input, options,
      segments(t("trend.period"), PERIODS.map((p) => [p, t(`trend.p${p}`)]), this.minutes, (p) => { this.minutes = p; this.go(); }),
      button("pick-period", t("trend.other"), () => pickPeriod(this.window, ([a, b]) => this.zoom(a, b))),
      h("div.segments", null, button("back", "◀", () => this.step(-1), { title: t("trend.back"), "aria-label": t("trend.back") }),
        button("on", "▶", () => this.step(1), { title: t("trend.on"), "aria-label": t("trend.on") }),
        button("live", t("trend.live"), () => { this.end = 0; this.go(); }, { "aria-pressed": String(!this.end) })),
      button("ahead", t("trend.ahead"), () => { this.ahead = !this.ahead; this.go(); }, { "aria-pressed": String(this.ahead) }), h("div.space"),
      button("png", t("trend.png"), () => picture(this)), h("a.button", { id: "csv", href: this.csv(), download: "trend.csv", hidden: !this.ids.length, onclick: (event) => { event.currentTarget.href = this.csv(); } }, t("trend.csv"))),
    this.head, this.box, this.foot);
    if (this.ids.length) this.heads();
    else put(this.box, h("p.empty", null, t(ids.length ? "trend.notag" : "trend.pick")));
  }

  go(ids = this.ids) {
    const rest = `${this.end ? `&end=${Math.round(this.end)}` : ""}${this.ahead ? "&f=1" : ""}`;
    location.hash = `#/trend/${ids.map(encodeURIComponent).join(",")}?p=${Number(this.minutes.toPrecision(6))}${rest}`;
  }

  zoom(start, end) {
    [this.minutes, this.end] = [Math.max(1, (end - start) / 60e3), end >= now() ? 0 : end];
    this.go();
  }

  step(way, share = 0.5) {
    const end = (this.end || now()) + way * this.minutes * 60e3 * share;
    this.end = end >= now() ? 0 : end;
    this.go();
  }

  key(event) {
    if (typing(event) || event.target.matches("button, a")) return;
    const acts = { ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), "+": () => this.scale(0.5), "-": () => this.scale(2), l: () => { this.end = 0; this.go(); }, f: () => document.getElementById("ahead").click() };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  scale(by) {
    this.minutes = Math.max(1, this.minutes * by);
    this.go();
  }

  href(path, points) {
    const [start, end] = this.window;
    return `${path}?tags=${this.ids.map(encodeURIComponent).join(",")}&start=${Math.round(start)}&end=${Math.round(end)}&points=${points}`;
  }

  /** Asked for when it is wanted: what is live has moved on since the page was opened. */
  csv() {
    return this.href("/api/v1/trends/export.csv", 4000);
  }

  get window() {
    const end = this.end || now();
    return [end - this.minutes * 60e3, end];
  }

  /** One line a tag: its pen, what it is, its value now; the first is the one whose limits and gaps are drawn. */
  heads() {
    const drawn = pens();
    this.cells = this.tags.map((tag, i) => {
      const value = h("b.now"), standing = h("span.q"), swatch = h("i.pen", { "data-pen": i });
      const first = tag.id === this.ids[0], place = state.places.get(tag.installation);
      const el = h(`div.trendtag${first ? ".first" : ""}`, null, swatch, h(first ? "h1" : "h2", null, tag.raw), h("span", null, said(tag, "description")),
        place && this.tags.length === 1 ? levelBlock(place.level, "small") : null, h("div.space"), standing, value, h("span.unit", null, tag.unit),
        this.tags.length > 1 && !first ? h("button.plain", { type: "button", title: t("trend.front"), "aria-label": `${t("trend.front")} ${tag.raw}`, onclick: () => this.go([tag.id, ...this.ids.filter((x) => x !== tag.id)]) }, "▲") : null,
        this.tags.length > 1 ? h("button.plain", { type: "button", title: t("trend.drop"), "aria-label": `${t("trend.drop")} ${tag.raw}`, onclick: () => this.go(this.ids.filter((x) => x !== tag.id)) }, "×") : null);
      swatch.style.borderTopColor = drawn[i].colour;
      swatch.style.borderTopStyle = ["solid", "dashed", "dotted"][Math.min(i, 2)];
      return { el, value, standing };
    });
    this.readout = h("div.readout");
    put(this.head, h("div.trendtags", null, this.cells.map((cell) => cell.el)), this.readout);
    this.feet();
    this.live();
  }

  feet() {
    const [tag] = this.tags, f = this.extra.forecast;
    put(this.foot, tag.limits.map((l) => h(`span.limit${l.enabled ? "" : ".off"}`, null, mark(l.level, "hollow"), h("b", null, l.name), ` ${plain(l.trigger)} ${tag.unit}`,
      h("small", null, t("trend.reset", { value: plain(l.reset) }), l.enabled ? "" : ` ${t("trend.off")}`, l.stage === "shadow" ? ` ${t("shadow")}` : ""))),
    f ? h("span.ahead", { id: "reach" }, reached(f, tag)) : null,
    h("span.key", null, h("i.swatch.uncertain"), t("standing.uncertain"), h("i.swatch.bad"), t("standing.bad"), h("i.swatch.gap"), t("trend.gap")));
  }

  async load() {
    this.asked = now();
    try {
      const horizon = Math.max(60, this.minutes * 30), asked = [get(this.href("/api/v1/trends", POINTS))];
      if (this.ahead && !this.end) asked.push(get(`/api/v1/tags/${encodeURIComponent(this.ids[0])}/forecast?window_s=${Math.max(60, Math.round(this.minutes * 20))}&horizon_s=${horizon}`));
      const [found, forecast] = await Promise.all([...asked, asked.length < 2 && null, plotter()]);
      this.lines = found.series.map((s, i) => ({ tag: this.tags[i], columns: { time: s.time_ms, value: s.value, low: s.low, high: s.high, quality: s.quality } }));
      this.extra = { alarms: found.alarms, forecast };
      this.feet();
      this.draw();
    } catch (fault) {
      toast(t("trend.failed", { reason: fault.message }), true);
    }
  }

  draw() {
    if (!this.lines || this.closed) return; // what was asked for may come when nobody looks any more
    this.chart?.close();
    this.chart = new Chart(this.box, this.readout, this.lines, this.window, this.extra, (a, b) => this.zoom(a, b));
  }

  /** The live end: a point a second joins the picture; the merged past is fetched again now and then. */
  live() {
    if (!this.cells || state.lost) return;
    this.ids.forEach((id, i) => this.point(state.index.get(id), i));
    if (this.end || !this.chart) return;
    if (now() - this.asked > Math.min(LONGEST, Math.max(30e3, this.minutes * 3e3))) this.load();
    else this.chart.show(this.window);
  }

  point(row, i) {
    const code = state.quality[row], at = state.at[row], value = state.value[row], cell = this.cells[i];
    text(cell.value, number(value, this.tags[i], code));
    cell.value.title = at ? stamp(at) : "";
    if (cell.code !== code) put(cell.standing, qualityMark(code), h("span", null, qualityWords(code)));
    cell.code = code;
    klass(cell.el, `trendtag${i ? "" : " first"}`);
    const columns = this.lines?.[i]?.columns;
    if (this.end || !columns || at <= (columns.time.at(-1) ?? 0)) return;
    for (const [name, x] of [["time", at], ["value", value], ["low", value], ["high", value], ["quality", code]]) columns[name].push(x);
  }

  close() {
    this.closed = true;
    this.chart?.close();
  }
}

/** The first tags whose id or words have these: a list of ten thousand helps nobody and costs every browser. */
function matching(words) {
  const low = words.toLowerCase();
  return low ? state.tags.filter((tag) => `${tag.id} ${tag.description} ${tag.description_en}`.toLowerCase().includes(low)).slice(0, 40) : [];
}

/** When each limit is reached if it goes on like this, with the band. */
function reached(f, tag) {
  if (!f.known) return t("trend.noforecast");
  const rate = t("trend.rate", { rate: plain(Number(f.per_hour.toPrecision(3))), unit: tag.unit });
  const told = f.limits.map((l) => t("trend.reach", { name: l.name, time: l.expected_s === null ? t("trend.maybe") : age(l.expected_s * 1000),
    from: age(l.earliest_s * 1000), to: l.latest_s === null ? "…" : age(l.latest_s * 1000) }));
  return [rate, ...(told.length ? told : [t("trend.noreach")])].join(" · ");
}
