// The response card of an alarm: its steps in order, each ticked by a person with name and time, in the journal.

import { h, put, toast } from "../dom.js";
import { language, t } from "../i18n.js";
import { act, get } from "../api.js";
import { clock } from "../format.js";
import { actor } from "../who.js";

const kept = { cards: new Map(), rules: {}, ticks: new Map() };

/** Asked for once a configuration, and again when an alarm is chosen: others tick too. */
export async function refresh() {
  const found = await get("/api/v1/cards");
  kept.cards = new Map(found.cards.map((card) => [card.id, card]));
  kept.rules = found.rules;
  kept.ticks = new Map(found.ticks.map((x) => [`${x.alarm} ${x.step}`, x]));
}

/** Steps of the card, or the guidance of the rule as the only one; null where there is neither. */
function stepsOf(a) {
  const card = kept.cards.get(kept.rules[a.rule]);
  if (!card) return null;
  return { title: (language === "en" && card.title_en) || card.title, steps: language === "en" && card.steps_en.length ? card.steps_en : card.steps };
}

export function card(a) {
  const el = h("section.card-steps");
  draw(el, a);
  refresh().then(() => draw(el, a), () => null); // out of reach: the banner says so
  return el;
}

function draw(el, a) {
  const found = stepsOf(a);
  if (!found) return put(el);
  return put(el, h("h3", null, t("card.title"), " · ", found.title), h("ol", null, found.steps.map((words, i) => row(el, a, words, i))));
}

function row(el, a, words, i) {
  const tick = kept.ticks.get(`${a.id} ${i}`);
  const box = h("input", { type: "checkbox", "aria-label": words, disabled: Boolean(tick), onchange: () => done(el, a, words, i, box) });
  box.checked = Boolean(tick);
  return h(`li${tick ? ".ticked" : ""}`, null, h("label", null, box, h("span", null, words)), tick ? h("small", null, `${tick.by} ${clock(Date.parse(tick.time))}`) : null);
}

async function done(el, a, text, step, box) {
  const who = await actor("commands/card-step");
  try {
    if (who) await act("card-step", { ...who, alarm: a.id, rule: a.rule, step, text });
    await refresh();
  } catch (fault) {
    box.checked = false;
    toast(t("act.failed", { reason: fault.message }), true);
  }
  draw(el, a);
}
