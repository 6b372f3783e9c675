// Live level of the site and of each installation beside its base level, with the reason; and how the gateway does.

import { h, put, text } from "../dom.js";
import { has, said, t } from "../i18n.js";
import { age, bytes, clock, NONE } from "../format.js";
import { alarmStyle, levelBlock, mark } from "../marks.js";
import { trouble } from "../phrases.js";
import { compare } from "../order.js";
import { about, now, on, state } from "../state.js";
import { indicator } from "./indicator.js";
import { equipment } from "./equipment.js";
import { siteMap } from "./site_map.js";

const MOST_CAUSES = 3;
const MOST_BARS = 6;
let bars = [];
let shown = new Set(); // rows that a drawing shows already

export function mount(root, { query }) {
  const side = h("aside"), grid = h("section.places"), map = siteMap();
  put(root, side, grid);
  const whole = () => { drawSite(side, map); drawPlaces(grid); };
  const values = () => bars.forEach((bar) => bar.update());
  whole();
  const ends = [on("levels alarms", whole), on("status", () => drawSite(side, map)), on("tags", values), on("second", () => ages(root))];
  document.body.classList.toggle("wall", query.get("wall") === "1");
  return () => { ends.forEach((end) => end()); document.body.classList.remove("wall"); };
}

function drawSite(side, map) {
  const { status } = state, whole = state.places.get("");
  if (!status || !whole) return;
  put(side,
    h("section.site", null, h("h1", null, said(status, "name")), levelBlock(whole.level, "huge"), base(whole), cause(whole)),
    map.el, gateway(status));
  map.update();
}

function drawPlaces(grid) {
  bars = [];
  put(grid, state.levels.filter((l) => l.installation).map(card));
}

function card(place) {
  const open = [...state.alarms.values()].filter((a) => a.installation === place.installation).sort(compare);
  const chips = [
    place.grade ? h("span.chip", null, t("grade", { n: place.grade })) : null,
    place.stage === "shadow" ? h("span.chip.shadow", { title: t("shadow.why") }, t("shadow")) : null,
  ];
  return h("article.card", { "data-place": place.installation, "data-level": place.level },
    h("header", null, levelBlock(place.level),
      h("div", null, h("h2", null, said(place, "name")), h("div.chips", null, chips), base(place))),
    cause(place), drawn(place.installation), meters(place.installation, open), counts(open));
}

function base(place) {
  return h("div.base", null, t("base"), mark(place.base, "hollow"), t(`level.${place.base}`),
    place.since ? h("span.since", null, t("since"), " ", h("time", { "data-at": Date.parse(place.since) }, age(now() - Date.parse(place.since)))) : null);
}

/** Why this level: alarms by name, tags out of view, classes that need a limit. */
function cause(place) {
  const alarms = place.cause.map((id) => state.alarms.get(id)).filter(Boolean);
  const lines = alarms.slice(0, MOST_CAUSES).map((a) => h("li", null, mark(a.level, alarmStyle(a)), h("b", null, `${a.tag} ${a.name}`), h("span", null, about(a))));
  if (alarms.length > MOST_CAUSES) lines.push(h("li", null, t("more", { n: alarms.length - MOST_CAUSES })));
  if (place.level === "no-view" && !place.blinded.length) lines.push(h("li.no", null, t("cause.nodata")));
  if (place.blinded.length) lines.push(h("li.no", null, t("cause.blinded", { n: place.blinded.length, tags: listed(place.blinded) })));
  if (place.not_judged.length) lines.push(h("li.no", null, t("cause.notjudged", { n: place.not_judged.length, tags: listed(place.not_judged) })));
  if (place.unjudged.length) lines.push(h("li.no", null, t("cause.unjudged", { n: place.unjudged.length, rules: listed(place.unjudged.map(unjudged)) })));
  if (place.suppressed.length) lines.push(h("li.no", null, t("cause.suppressed", { n: place.suppressed.length, rules: listed(place.suppressed) })));
  if (place.level === "not-judged" && !place.not_judged.length && !place.unjudged.length && !place.suppressed.length) lines.push(h("li.no", null, t("cause.notags")));
  if (place.level === "normal") lines.push(h("li", null, t("cause.normal")));
  return h("ul.cause", null, lines);
}

/** "LT-1.SL: state-not-listed" in words; a rule blinded by a reading is among the tags out of view already. */
function unjudged(entry) {
  const at = entry.indexOf(": "), key = `unjudged.${entry.slice(at + 2)}`;
  return `${entry.slice(0, at)} (${t(has(key) ? key : "unjudged.no-verdict-yet")})`;
}

const listed = (ids) => ids.slice(0, 4).join(", ") + (ids.length > 4 ? " …" : "");

/** Tanks, detectors, the pond as what they are. */
function drawn(place) {
  const found = equipment(place);
  shown = found?.used ?? new Set();
  if (!found) return null;
  found.update();
  bars.push(found);
  return found.el;
}

/** Moving indicators: what is in alarm first, then what cannot be seen, then what has limits. */
function meters(place, open) {
  const alarmed = new Set(open.map((a) => a.tag));
  const weight = (i) => (alarmed.has(state.tags[i].id) ? 4 : 0) + (state.quality[i] >= 64 ? 2 : 0) + (state.tags[i].limits.length ? 1 : 0);
  const rows = state.tags.map((tag, i) => i).filter((i) => state.tags[i].installation === place && !shown.has(i))
    .sort((a, b) => weight(b) - weight(a) || a - b).slice(0, MOST_BARS).map((i) => indicator(i));
  bars.push(...rows);
  return h("div.meters", null, rows.map((bar) => bar.el));
}

function counts(open) {
  const live = open.filter((a) => !a.shadow);
  const n = {
    unack: live.filter((a) => a.acknowledgement === "unacknowledged").length,
    process: live.filter((a) => !a.fault).length, fault: live.filter((a) => a.fault).length,
  };
  return h("footer", null, Object.entries(n).map(([key, count]) => h(`span${count ? ".some" : ""}`, null, t(`count.${key}`), " ", h("b", null, String(count)))));
}

function gateway(s) {
  const waiting = Object.entries(s.backlog);
  const rows = [
    ["state", t(`state.${s.state}`)],
    ["tags", t("gateway.tagcount", s.tags), s.tags.bad + s.tags.uncertain > 0],
    ["unsent", s.oldest_unsent_alarm ? age(now() - Date.parse(s.oldest_unsent_alarm)) : t("gateway.nounsent"), Boolean(s.oldest_unsent_alarm)],
    ["disk", s.disk_free ? bytes(s.disk_free) : NONE],
    ["history", s.disk_days === null ? NONE : t("gateway.days", { n: Math.round(s.disk_days) }), s.disk_days !== null && s.disk_days < 14],
    ["durable", t(s.durable ? "yes" : "no"), !s.durable],
    ["clock", s.clock_offset_s === null ? t("unknown") : t("gateway.offset", { ms: Math.round(s.clock_offset_s * 1000) })],
    ["certificate", s.certificate_days === null ? t("gateway.nocertificate") : t("gateway.days", { n: s.certificate_days })],
    ["started", clock(Date.parse(s.started))],
    ["journal", `${s.seq} · ${s.hash.slice(-8)}`],
    ["version", `${s.version} · ${s.config.slice(0, 8)}`],
  ];
  return h("section.gateway", { "data-state": s.state }, h("h2", null, t("gateway.title"), " ", h("b", null, s.gateway)),
    h("dl", null, rows.flatMap(([key, value, odd]) => [h("dt", null, t(`gateway.${key}`)), h(`dd${odd ? ".odd" : ""}`, null, value)])),
    h("h3", null, t("gateway.backlog")),
    waiting.length ? h("dl", null, waiting.flatMap(([name, n]) => [h("dt", null, name), h("dd", null, String(n))])) : h("p", null, t("gateway.nooutputs")),
    s.troubles.length ? h("h3", null, t("gateway.troubles")) : null,
    h("ul.troubles", null, s.troubles.map((words) => h("li", { title: words }, trouble(words)))));
}

function ages(root) {
  if (state.lost) return;
  for (const el of root.querySelectorAll("time[data-at]")) text(el, age(now() - Number(el.dataset.at)));
}
