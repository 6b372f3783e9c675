// Where things are: the site's plan picture, or a plain map, with a marker of each place's live level.

import { h, put, svg } from "../dom.js";
import { said, t } from "../i18n.js";
import { get } from "../api.js";
import { mark } from "../marks.js";
import { state } from "../state.js";

const EDGE = 0.14; // air around the outermost places
const [MARK, WIDE, HIGH] = [0.06, 0.37, 0.12]; // of the map: half a mark, a name
let layout = null;

/** A section that is there only where positions are known. */
export function siteMap() {
  const el = h("section.map", { hidden: true, "aria-label": t("map.title") });
  const ready = layout ? Promise.resolve(layout) : get("/api/v1/layout");
  ready.then((found) => { layout = found; draw(el); }, () => null); // without it the cards say all there is
  return { el, update: () => layout && draw(el) };
}

function draw(el) {
  const places = layout.places.filter((p) => p.position && state.places.has(p.id));
  el.hidden = !places.length;
  if (!places.length) return;
  const [x0, y0, x1, y1] = layout.bounds ?? around(places.map((p) => p.position));
  const at = places.map(({ position: [lon, lat] }) => [(lon - x0) / (x1 - x0), (y1 - lat) / (y1 - y0)]);
  const free = sides(at), markers = places.map(({ id }, i) => marker(state.places.get(id), ...at[i], free[i]));
  put(el, h("h2", null, t("map.title")), h("div.plan", null, layout.plan ? h("img", { src: "/api/v1/plan", alt: "" }) : grid(), markers));
}

function around(points) {
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const span = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 1e-4) * (1 + 2 * EDGE);
  const [cx, cy] = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
  return [cx - span / 2, cy - span / 2, cx + span / 2, cy + span / 2];
}

function grid() {
  const lines = [1, 2, 3, 4].map((k) => `M${k * 20} 0V100M0 ${k * 20}H100`).join("");
  return svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", class: "grid", "aria-hidden": "true" }, svg("path", { d: lines }), svg("path", { class: "north", d: "M95 12V4M92.500 7 95 4l2.500 3" }));
}

/** Where each name has room, those at the sides first: no name covers the mark of another place or leaves the map. */
function sides(at) {
  const taken = at.map(([x, y]) => [x - MARK, y - MARK, x + MARK, y + MARK]), found = [];
  for (const i of [...at.keys()].sort((a, b) => Math.abs(at[b][0] - 0.5) - Math.abs(at[a][0] - 0.5))) {
    const [x, y] = at[i], inside = Object.entries(boxes(x, y)).filter(([, box]) => box[0] > 0 && box[2] < 1);
    const [side, box] = inside.find(([, mine]) => !taken.some((other, k) => k !== i && meet(mine, other))) ?? inside[0];
    taken.push(box);
    found[i] = side;
  }
  return found;
}

const boxes = (x, y) => ({
  under: [x - WIDE / 2, y + MARK, x + WIDE / 2, y + MARK + HIGH], above: [x - WIDE / 2, y - MARK - HIGH, x + WIDE / 2, y - MARK],
  right: [x + MARK, y - HIGH / 2, x + MARK + WIDE, y + HIGH / 2], left: [x - MARK - WIDE, y - HIGH / 2, x - MARK, y + HIGH / 2],
  "under from": [x - MARK, y + MARK, x - MARK + WIDE, y + MARK + HIGH], "above from": [x - MARK, y - MARK - HIGH, x - MARK + WIDE, y - MARK],
  "under upto": [x + MARK - WIDE, y + MARK, x + MARK, y + MARK + HIGH], "above upto": [x + MARK - WIDE, y - MARK - HIGH, x + MARK, y - MARK],
});
const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function marker(place, x, y, side) {
  const alarm = ["red", "orange", "yellow", "blue"].includes(place.level);
  const el = h(`a.marker.${place.level}`, { href: `#/overview/${place.installation}`, "data-level": place.level, "aria-label": `${said(place, "name")} ${t(`live.${place.level}`)}` },
    alarm ? mark(place.level) : h("i", null, t(`live.${place.level}.short`)), h("span", null, said(place, "name")));
  el.classList.add(...side.split(" "));
  el.style.left = `${Math.min(97, Math.max(3, x * 100))}%`;
  el.style.top = `${Math.min(95, Math.max(5, y * 100))}%`;
  return el;
}
