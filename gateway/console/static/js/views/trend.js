// One tag over time: limits and reset lines, what was doubtful shaded, what is missing left open, and the live end.
// The address holds tag, period and end: a link opens the same view again.

import { h, put, segments, text, toast } from "../dom.js";
import { said, t } from "../i18n.js";
import { get } from "../api.js";
import { number, plain, qualityWords, stamp } from "../format.js";
import { levelBlock, mark, qualityMark } from "../marks.js";
import { now, on, state } from "../state.js";
import { Chart } from "./chart.js";

const PERIODS = [15, 60, 240, 480, 1440]; // minutes
const POINTS = 900;

export function mount(root, { rest, query }) {
  const trend = new Trend(root, rest[0] ?? "", Number(query.get("p")) || 60, Number(query.get("end")) || 0);
  const ends = [on("tags", () => trend.live())];
  const restyle = () => trend.draw();
  addEventListener("theme", restyle);
  return () => { ends.forEach((end) => end()); removeEventListener("theme", restyle); trend.close(); };
}

class Trend {
  constructor(root, id, minutes, end) {
    this.minutes = PERIODS.includes(minutes) ? minutes : 60;
    this.end = end; // ms UTC; 0: live
    this.row = state.index.get(id) ?? -1;
    this.tag = state.tags[this.row] ?? null;
    this.chart = null;
    this.columns = null;
    this.asked = 0;
    this.build(root, id);
    if (this.tag) this.load();
  }

  build(root, id) {
    const options = h("datalist", { id: "tag-options" }, state.tags.map((tag) => h("option", { value: tag.id }, said(tag, "description"))));
    const input = h("input", { type: "search", list: "tag-options", value: id, placeholder: t("trend.pick"), "aria-label": t("trend.pick"),
      onchange: () => state.index.has(input.value.trim()) && this.go(input.value.trim()) });
    this.box = h("div.chart", { id: "chart" });
    this.title = h("div.trendhead");
    this.limits = h("div.limits");
    put(root, h("div.toolbar", null, input, options,
      segments(t("trend.period"), PERIODS.map((p) => [p, t(`trend.p${p}`)]), this.minutes, (p) => { this.minutes = p; this.go(); }),
      h("div.segments", null,
        h("button", { type: "button", title: t("trend.back"), "aria-label": t("trend.back"), onclick: () => this.step(-1) }, "◀"),
        h("button", { type: "button", title: t("trend.on"), "aria-label": t("trend.on"), onclick: () => this.step(1) }, "▶"),
        h("button", { type: "button", "aria-pressed": String(!this.end), onclick: () => { this.end = 0; this.go(); } }, t("trend.live")))),
    this.title, this.box, this.limits);
    if (!this.tag) put(this.box, h("p.empty", null, t(id ? "trend.notag" : "trend.pick")));
    else this.head();
  }

  go(id = this.tag?.id ?? "") {
    location.hash = `#/trend/${encodeURIComponent(id)}?p=${this.minutes}${this.end ? `&end=${Math.round(this.end)}` : ""}`;
  }

  step(way) {
    const end = (this.end || now()) + way * this.minutes * 30e3;
    this.end = end >= now() ? 0 : end;
    this.go();
  }

  head() {
    const { tag } = this, place = state.places.get(tag.installation);
    this.readout = h("div.readout");
    this.value = h("b.now");
    this.standing = h("span.q");
    put(this.title, h("h1", null, tag.raw), h("p", null, said(tag, "description")), place ? h("span.muted", null, said(place, "name")) : null,
      place ? levelBlock(place.level, "small") : null, h("div.space"), this.readout, this.standing, this.value, h("span", null, tag.unit));
    put(this.limits, tag.limits.map((l) => h(`span.limit${l.enabled ? "" : ".off"}`, null, mark(l.level, "hollow"), h("b", null, l.name), ` ${plain(l.trigger)} ${tag.unit}`,
      h("small", null, t("trend.reset", { value: plain(l.reset) }), l.enabled ? "" : ` ${t("trend.off")}`, l.stage === "shadow" ? ` ${t("shadow")}` : ""))),
    h("span.key", null, h("i.swatch.uncertain"), t("standing.uncertain"), h("i.swatch.bad"), t("standing.bad"), h("i.swatch.gap"), t("trend.gap")));
    this.live();
  }

  get window() {
    const end = this.end || now();
    return [end - this.minutes * 60e3, end];
  }

  async load() {
    const [start, end] = this.window;
    this.asked = now();
    try {
      const found = await get(`/api/v1/tags/${encodeURIComponent(this.tag.id)}/history?start=${Math.round(start)}&end=${Math.round(end)}&points=${POINTS}`);
      this.columns = { time: found.time_ms, value: found.value, low: found.low, high: found.high, quality: found.quality };
      this.draw();
    } catch (fault) {
      toast(t("trend.failed", { reason: fault.message }), true);
    }
  }

  draw() {
    if (!this.columns) return;
    this.chart?.close();
    this.chart = new Chart(this.box, this.readout, this.tag, this.columns, this.window);
  }

  /** The live end: a point a second joins the picture; the merged past is fetched again now and then. */
  live() {
    if (!this.tag || state.lost) return;
    const { row } = this, code = state.quality[row], at = state.at[row], value = state.value[row];
    text(this.value, number(value, this.tag, code));
    put(this.standing, qualityMark(code), h("span", null, qualityWords(code)));
    this.value.title = at ? stamp(at) : "";
    if (this.end || !this.columns || !this.chart) return;
    const c = this.columns;
    if (at > (c.time.at(-1) ?? 0)) {
      for (const [name, x] of [["time", at], ["value", value], ["low", value], ["high", value], ["quality", code]]) c[name].push(x);
    }
    if (now() - this.asked > Math.max(60e3, this.minutes * 3e3)) this.load();
    else this.chart.show(c, this.window);
  }

  close() {
    this.chart?.close();
  }
}
