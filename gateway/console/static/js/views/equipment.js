// What stands in a place, drawn as what it is, with live values: tanks with their level, detectors, the pond in section.
// Shapes are grey; only what is in alarm has its level's colour, and then also its mark.

import { h, klass, put, svg, text } from "../dom.js";
import { said, t } from "../i18n.js";
import { number, qualityWords, standing } from "../format.js";
import { mark } from "../marks.js";
import { state } from "../state.js";

const GAS = new Set(["gas-combustible", "gas-toxic", "methane", "oxygen", "carbon-monoxide"]);
const POND = ["pool-level", "freeboard", "dry-beach", "phreatic-depth", "rainfall"];
const BESIDE = new Set(["temperature", "pressure"]);
const LETTERS = { "gas-combustible": "EX", "gas-toxic": "TX", methane: "CH₄", oxygen: "O₂", "carbon-monoxide": "CO" };
const MOST = 8;

/** {el, update, used}: the drawings of one place and the rows they show; null where there is nothing to draw. */
export function equipment(place) {
  const rows = state.tags.map((_, i) => i).filter((i) => state.tags[i].installation === place);
  const parts = [...tanks(rows), ...pond(rows), ...detectors(rows)];
  if (!parts.length) return null;
  return { el: h("div.equipment", null, parts.map((p) => p.el)), update: () => parts.forEach((p) => p.update()), used: new Set(parts.flatMap((p) => p.rows)) };
}

const clsOf = (i) => state.tags[i].class;
const share = (i, value) => {
  const { low, high } = state.tags[i];
  return low === null || high === null || value === null || value === undefined ? null : Math.min(1, Math.max(0, (value - low) / (high - low)));
};

/** LT-101A and TT-101 belong to vessel 101. */
const vessel = (i) => state.tags[i].raw.match(/(\d+)[A-Za-z]?$/)?.[1] ?? state.tags[i].raw;

/** Level of the worst alarm of these rows that is there (or may be), for colour and words. */
function alarmOf(rows) {
  const ids = new Set(rows.map((i) => state.tags[i].id));
  const here = [...state.alarms.values()].filter((a) => ids.has(a.tag) && a.condition !== "normal" && !a.shadow && a.suppression === "none");
  return ["red", "orange", "yellow", "blue"].find((level) => here.some((a) => a.level === level)) ?? "";
}

/** A value with its unit that turns to hatching when it cannot be believed. */
function reading(i, label) {
  const tag = state.tags[i], value = h("b"), el = h("a.reading", { href: `#/trend/${encodeURIComponent(tag.id)}`, title: said(tag, "description") }, h("span", null, label ?? tag.raw), value, h("small", null, tag.unit));
  return { el, row: i, update() {
    const code = state.quality[i] ?? 128, word = standing(code);
    text(value, word === "bad" ? "?" : number(state.value[i], tag, code));
    klass(el, `reading ${word} ${alarmOf([i])}`);
    el.setAttribute("aria-label", `${tag.raw} ${word === "bad" ? qualityWords(code) : number(state.value[i], tag, code)} ${tag.unit}`);
  } };
}

function symbol(name, drawing, readings, rows, paint) {
  const sign = h("span.sign");
  const el = h("figure.item", { "data-kind": name }, sign, drawing, h("figcaption", null, readings.map((r) => r.el)));
  return { el, rows, update() {
    const level = alarmOf(rows);
    klass(el, `item ${name} ${level}`);
    if (el.dataset.level !== level) put(sign, level ? mark(level) : null);
    el.dataset.level = level;
    paint();
    readings.forEach((r) => r.update());
  } };
}

/** A standing tank: liquid up to the level, ticks at its limits; hatched where the level is not known. */
function tanks(rows) {
  const seen = new Map();
  for (const i of rows) if (clsOf(i) === "level" && state.tags[i].high !== null && !seen.has(vessel(i))) seen.set(vessel(i), i);
  return [...seen.values()].slice(0, MOST).map((i) => {
    const with_ = rows.filter((k) => BESIDE.has(clsOf(k)) && vessel(k) === vessel(i)).slice(0, 2);
    const liquid = svg("rect", { x: 8, width: 64, class: "liquid" }), all = [i, ...with_];
    const ticks = state.tags[i].limits.filter((l) => l.enabled).map((l) => svg("path", { class: "limit", d: `M72 ${84 - 72 * (share(i, l.trigger) ?? 0)}h8` }));
    const drawing = svg("svg", { viewBox: "0 0 84 92", class: "drawing", role: "img", "aria-label": t("equipment.tank", { tag: state.tags[i].raw }) },
      svg("path", { class: "shell", d: "M8 14Q40 2 72 14V84H8z" }), liquid, svg("path", { class: "outline", d: "M8 14Q40 2 72 14V84H8z" }), ...ticks);
    return symbol("tank", drawing, all.map((k) => reading(k)), all, () => {
      const full = standing(state.quality[i] ?? 128) === "bad" ? null : share(i, state.value[i]);
      liquid.setAttribute("y", String(84 - 70 * (full ?? 1)));
      liquid.setAttribute("height", String(70 * (full ?? 1)));
      liquid.setAttribute("class", full === null ? "liquid unseen" : "liquid");
    });
  });
}

/** A gas detector: a hexagon with what it smells; one figure for all of a place. */
function detectors(rows) {
  return rows.filter((i) => GAS.has(clsOf(i))).slice(0, MOST * 2).map((i) => {
    const dial = svg("path", { class: "dial" });
    const drawing = svg("svg", { viewBox: "0 0 48 48", class: "drawing", role: "img", "aria-label": t("equipment.detector", { tag: state.tags[i].raw }) },
      svg("path", { class: "shell", d: "M24 3 43 13.5v21L24 45 5 34.500v-21z" }), dial, svg("text", { x: 24, y: 27, "text-anchor": "middle" }, LETTERS[clsOf(i)]));
    return symbol("detector", drawing, [reading(i)], [i], () => {
      const full = share(i, state.value[i]);
      dial.setAttribute("d", full === null || standing(state.quality[i] ?? 128) === "bad" ? "" : `M13 35h${(22 * full).toFixed(1)}`);
    });
  });
}

/** A tailings pond in section: dam, water, beach; drawn once, its measured points beside it. */
function pond(rows) {
  const found = POND.map((cls) => rows.find((i) => clsOf(i) === cls)).filter((i) => i !== undefined);
  const level = rows.find((i) => clsOf(i) === "pool-level");
  if (!found.length || found.length < 2) return [];
  const water = svg("path", { class: "liquid" });
  const drawing = svg("svg", { viewBox: "0 0 200 92", class: "drawing wide", role: "img", "aria-label": t("equipment.pond") },
    svg("path", { class: "ground", d: "M0 92 46 22h14l60 40q30 14 80 16v14z" }), water, svg("path", { class: "outline", d: "M0 92 46 22h14l60 40q30 14 80 16" }));
  return [symbol("pond", drawing, found.map((i) => reading(i)), found, () => {
    const full = level === undefined || standing(state.quality[level] ?? 128) === "bad" ? null : share(level, state.value[level]);
    const y = 76 - 46 * (full ?? 0.5);
    water.setAttribute("d", `M${60 + (y - 22) * 1.5} ${y}H200V78q-50-2-80-16z`);
    water.setAttribute("class", full === null ? "liquid unseen" : "liquid");
  })];
}
