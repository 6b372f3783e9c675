// A moving analog indicator: where the value stands in its range and against its limits, at one glance, without reading.

import { h, klass, text } from "../dom.js";
import { said, t } from "../i18n.js";
import { number, qualityWords, standing } from "../format.js";
import { qualityMark } from "../marks.js";
import { state } from "../state.js";

const share = (value, tag) => Math.min(1, Math.max(0, (value - tag.low) / (tag.high - tag.low))) * 100;

/** {el, update} for the tag in row i. */
export function indicator(i) {
  const tag = state.tags[i];
  const scaled = tag.low !== null && tag.high !== null;
  const pointer = h("i.pointer"), value = h("b"), quality = h("span.q"), track = h("div.track", null, scaled ? scale(tag) : null, scaled ? pointer : null);
  const el = h("a.meter", { href: `#/trend/${encodeURIComponent(tag.id)}`, title: said(tag, "description") },
    h("span.name", null, tag.raw), track, h("span.number", null, value, h("small", null, tag.unit)), quality);
  let told = -1;
  const update = () => {
    const now = state.value[i] ?? null, code = state.quality[i] ?? 128, word = standing(code);
    text(value, now === null ? t("novalue") : number(now, tag, code));
    if (scaled && now !== null) pointer.style.left = `${share(now, tag)}%`;
    klass(el, `meter ${word} ${beyond(tag, now)}`);
    if (told !== code) {
      quality.replaceChildren(...(word === "good" ? [] : [qualityMark(code)]));
      quality.title = qualityWords(code);
      told = code;
    }
  };
  update();
  return { el, update };
}

/** The part between the innermost limits is the normal one; each limit is a tick. */
function scale(tag) {
  const limits = tag.limits.filter((l) => l.enabled && l.trigger !== null);
  const low = Math.max(tag.low, ...limits.filter((l) => l.side === "low").map((l) => l.trigger));
  const high = Math.min(tag.high, ...limits.filter((l) => l.side === "high").map((l) => l.trigger));
  const normal = h("i.normal");
  normal.style.left = `${share(low, tag)}%`;
  normal.style.right = `${100 - share(high, tag)}%`;
  const ticks = limits.map((l) => {
    const tick = h("i.tick", { title: l.name });
    tick.style.left = `${share(l.trigger, tag)}%`;
    return tick;
  });
  return limits.length ? [normal, ...ticks] : [];
}

/** Class of the worst limit the value is beyond now; shadow limits do not colour. */
function beyond(tag, value) {
  if (value === null) return "";
  const hit = tag.limits.filter((l) => l.enabled && l.stage === "live" && (l.side === "high" ? value >= l.trigger : value <= l.trigger));
  return ["red", "orange", "yellow", "blue"].find((level) => hit.some((l) => l.level === level)) ?? "";
}
