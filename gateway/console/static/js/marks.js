// Marks say it three times: by shape, by colour, by a letter. Colour alone is never the message, and only alarms have it.

import { h, svg } from "./dom.js";
import { t } from "./i18n.js";
import { qualityWords, standing } from "./format.js";

const SHAPES = {
  red: "M3 3h26v26H3z", // square
  orange: "M16 1 31 16 16 31 1 16z", // diamond
  yellow: "M16 2 31 29H1z", // triangle
  blue: "M16 2a14 14 0 1 1 0 28 14 14 0 0 1 0-28z", // circle
};
const LETTER_Y = { red: 22.5, orange: 22, yellow: 26, blue: 22 };

/** A level's mark. `style`: solid (alarm), hollow (went back to normal, or only a base level), fault, unknown. */
export function mark(level, style = "solid", words = "") {
  const letter = style === "unknown" ? "?" : t(`level.${level}.letter`);
  return svg("svg", { class: `mark ${level} ${style}`, viewBox: "0 0 32 32", role: "img", "aria-label": words || t(`level.${level}`) },
    svg("path", { d: SHAPES[level] }),
    svg("text", { x: 16, y: LETTER_Y[level], "text-anchor": "middle" }, letter));
}

export function alarmStyle(alarm) {
  if (alarm.condition === "unknown") return "unknown";
  if (alarm.condition === "normal") return "hollow";
  return alarm.fault ? "fault" : "solid";
}

/** The block of a place's live level. Not knowing is hatched or dotted and says so; normal is plain grey, never green. */
export function levelBlock(live, size = "") {
  const alarm = SHAPES[live] !== undefined;
  const el = h(`div.live.${live}`, { "data-level": live });
  if (size) el.classList.add(size);
  el.append(h("b", null, alarm ? t(`level.${live}.letter`) : t(`live.${live}.short`)), h("span", null, t(`live.${live}`)));
  return el;
}

const QUALITY_SHAPES = { good: "M2 8.5 6.5 13 14 4", uncertain: "M8 1.5 15 14.5H1z", bad: "M3 3l10 10M13 3 3 13" };

export function qualityMark(quality) {
  const word = standing(quality);
  return svg("svg", { class: `qmark ${word}`, viewBox: "0 0 16 16", role: "img", "aria-label": qualityWords(quality) },
    svg("path", { d: QUALITY_SHAPES[word] }));
}
