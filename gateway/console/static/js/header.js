// Always in sight: where, how bad, what waits, whether the gateway is well, the time, who.

import { h, put, text } from "./dom.js";
import { LANGUAGES, language, said, t } from "./i18n.js";
import { age, clock, day } from "./format.js";
import { alarmStyle, levelBlock, mark } from "./marks.js";
import { compare } from "./order.js";
import { about, now, on, state } from "./state.js";
import { ask, known } from "./who.js";
import { holds, lacks, me, readsAll } from "./session.js";
import { help } from "./keys.js";
import { draw, soundButton } from "./views/sound_button.js";

const PAGES = ["overview", "alarms", "tags", "trend", "events", "field", "engineering", "reports", "people", "rounds", "drill"];
export const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "d"]; // of the pages
const COLOURS = ["red", "orange", "yellow", "blue"];
let part = {};
let stop = null;

export function mount(root, speak) {
  stop?.();
  part = {
    name: h("div.sitename"), level: h("div.sitelevel"), drill: h("a.drillruns", { href: "#/drill", hidden: true }), counts: h("div.counts"), health: h("a.health", { href: "#/overview" }),
    sound: soundButton(), time: h("time"), who: h("button.plain", { type: "button", id: "who", onclick: ask }), nav: nav(), banner: h("a.banner", { href: "#/alarms" }),
  };
  put(root,
    h("div.bar", null, part.name, part.level, part.drill, part.counts, h("div.space"), part.sound, part.health, part.time, part.who, tools(speak)),
    h("div.bar.second", null, part.nav, part.banner));
  site(); alarms(); person(); tick();
  const ends = [on("status levels link", site), on("alarms link", alarms), on("who", person), on("second", tick), on("sound", () => draw(part.sound))];
  stop = () => ends.forEach((end) => end());
}

export function choose(name) {
  for (const a of part.nav.children) a.toggleAttribute("aria-current", a.dataset.page === name);
}

const REGULATORS = ["overview", "alarms", "reports"]; // who sees no tag and no journal
/** The administrator's page is nobody else's, and a regulator is shown no page that he may not read. */
function shown(name) {
  if (!readsAll()) return REGULATORS.includes(name);
  if (name === "drill") return !lacks("exercise");
  return name !== "people" || (me.mode !== "name" && holds("administrator", "auditor"));
}

function nav() {
  return h("nav", { "aria-label": t("nav.label") }, PAGES.map((name, i) => h("a", { href: `#/${name}`, "data-page": name },
    h("kbd", null, KEYS[i]), t(`nav.${name}`))));
}

function tools(speak) {
  const other = LANGUAGES.find((l) => l !== language);
  return h("div.tools", null,
    h("button.plain", { type: "button", id: "language", lang: other, onclick: () => speak(other) }, t("language.other")),
    h("button.plain", { type: "button", id: "theme", title: t("theme.switch"), "aria-label": t("theme.switch"), onclick: theme }, "◐"),
    h("button.plain", { type: "button", title: t("keys.title"), "aria-label": t("keys.title"), onclick: help }, "?"));
}

function theme() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "night" ? "day" : "night";
  localStorage.setItem("fengsui.theme", root.dataset.theme);
  dispatchEvent(new Event("theme"));
}

function site() {
  const { status } = state;
  if (!status) return;
  put(part.name, h("b", { title: said(status, "name") }, said(status, "name")), h("span", null, status.gateway));
  const whole = state.places.get("");
  put(part.level, whole ? levelBlock(whole.level, "small") : null);
  part.drill.hidden = !status.exercise;
  text(part.drill, status.exercise ? t("drill.beside") : "");
  part.health.dataset.state = state.lost ? "" : status.state;
  put(part.health, h("span", null, t("gateway")), h("b", null, state.lost ? t("unknown") : t(`state.${status.state}`)),
    status.troubles.length ? h("i", null, t("troubles.n", { n: status.troubles.length })) : null);
}

const waiting = () => [...state.alarms.values()].filter((a) => a.acknowledgement === "unacknowledged" && !a.shadow && a.suppression === "none");

function alarms() {
  const open = waiting().sort(compare);
  put(part.counts, h("span", null, t("unacknowledged")), COLOURS.map((level) => {
    const here = open.filter((a) => a.level === level), n = here.length;
    const style = here.some((a) => a.condition !== "normal") ? "solid" : "hollow"; // colour only for what still is
    return h(`span.count${n ? "" : ".zero"}`, { title: t(`level.${level}`) }, mark(level, style), h("b", null, String(n)));
  }));
  const [first] = open;
  part.banner.classList.toggle("quiet", !first);
  part.banner.dataset.level = first?.level ?? "";
  if (state.lost) return put(part.banner);
  if (!first) return put(part.banner, h("span", null, t("banner.none")));
  return put(part.banner, mark(first.level, alarmStyle(first)), h("b", null, `${first.tag} ${first.name}`), h("span", null, about(first)),
    h("time", { "data-at": first.raisedMs }, age(now() - first.raisedMs)));
}

function person() {
  const user = known();
  put(part.who, user ? h("b", null, user.name) : t(me.mode === "name" ? "who.nobody" : "who.looks"),
    me.mode === "name" ? null : h("span", null, user ? t(`role.${user.role}`) : me.workstation));
  for (const a of part.nav.children) a.hidden = !shown(a.dataset.page);
}

function tick() {
  const at = now();
  if (!state.lost) put(part.time, h("span", null, day(at)), h("b", null, clock(at)), h("span", null, t("zone")));
  const since = part.banner.querySelector("time");
  if (since && !state.lost) text(since, age(at - Number(since.dataset.at)));
}
