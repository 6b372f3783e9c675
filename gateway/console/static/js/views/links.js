// Field lines and devices as their sources count them: who answers, how fast, how often it is read, what goes wrong.

import { get } from "../api.js";
import { h, put } from "../dom.js";
import { t } from "../i18n.js";

const EVERY_MS = 5000;
const LATE = 1.1; // a cycle this much longer than its period is odd

/** A section that looks again every few seconds until it is ended. */
export function links() {
  const el = h("section.gateway.links");
  let timer = 0, over = false;
  async function look() {
    try {
      draw(el, (await get("/api/v1/links")).links);
    } catch {
      put(el); // the header says that the gateway is away
    }
    if (!over) timer = setTimeout(look, EVERY_MS);
  }
  look();
  return { el, end: () => { over = true; clearTimeout(timer); } };
}

function draw(el, found) {
  put(el, found.length ? h("h3", null, t("links.title")) : null,
    found.length ? h("dl", null, found.flatMap(row)) : null);
}

function row(link) {
  const cycles = Object.entries(link.cycles).filter(([, achieved]) => achieved);
  const late = cycles.some(([period, achieved]) => achieved > LATE * Number(period));
  const wrong = Object.entries(link.errors).filter(([, count]) => count);
  const words = [
    t(link.up === null ? "links.unheard" : link.up ? "links.up" : "links.down"),
    link.replies ? t("links.reply", { ms: Math.round(link.reply_s * 1000) }) : null,
    ...cycles.map(([period, achieved]) => t("links.cycle", { period, achieved: achieved.toFixed(2) })),
    link.overdue ? t("links.overdue", { n: link.overdue }) : null,
    ...wrong.map(([kind, count]) => t(`links.${kind}`, { n: count })),
  ];
  return [h("dt", { title: link.description }, link.link), h(`dd${link.up === false || late ? ".odd" : ""}`, null, words.filter(Boolean).join(" · "))];
}
