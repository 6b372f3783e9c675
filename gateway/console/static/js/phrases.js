// What the gateway says itself (why not, why a fault, why a gap) is journalled and hashed in English. Here it is said in the
// reader's language: i18n/said.json has the Chinese of every such sentence, {} for what is put in. A sentence that is not
// there (another side's own words, say) stands as it came.

/* global early */
import { stamp } from "./format.js";
import { has, language, said, t } from "./i18n.js";
import { state } from "./state.js";

const SPECIAL = /[.*+?^$()|[\]\\{}]/g;
const ONE_WORD = 5; // letters: a sentence with fewer of its own takes no other sentence in
const SPACES = 8; // nested texts
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
let exact = null; // Map, when it has come
let patterns = []; // the most particular first
let asked = null;

/** Resolves when sentences can be said; without a word where they cannot be had now. */
export function phrases() {
  if (exact || language === "en") return Promise.resolve();
  asked ??= fetch(`${early.base}i18n/said.json`).then((answer) => answer.json()).then(learn, () => { asked = null; });
  return asked;
}

function learn(book) {
  const found = Object.entries(book).filter(([words]) => words.includes("{}"));
  patterns = found.map(([words, zh]) => ({ own: words.replaceAll("{}", "").length, pattern: pattern(words), zh })).sort((a, b) => b.own - a.own);
  exact = new Map(Object.entries(book));
}

function pattern(words) {
  const parts = words.split("{}"), short = parts.join("").trim().length < ONE_WORD;
  return new RegExp(`^${parts.map((part) => part.replace(SPECIAL, "\\$&")).join(short ? "(\\S*)" : "(.*?)")}$`, "s");
}

/** A sentence of the gateway for this reader; a time in it as people see times, UTC+8. A time alone is somebody's value. */
export function spoken(text) {
  const told = worded(text, 0);
  return typeof told === "string" ? told.replace(MOMENT, (at) => (at === told ? at : stamp(Date.parse(at)))) : told;
}

function worded(text, deep) {
  if (!text || language !== "zh" || !exact || deep > SPACES) return text;
  return exact.get(text) ?? matched(text, deep) ?? pieces(text, deep) ?? text;
}

function matched(text, deep) {
  for (const { pattern: form, zh } of patterns) {
    const put = form.exec(text)?.slice(1);
    if (put && !put.some((part) => part.includes("; "))) { // several sentences are taken one by one
      const parts = put.map((part) => worded(part, deep + 1));
      let next = 0;
      return zh.replace(/\{(\d?)\}/g, (_, n) => (n ? parts[n - 1] : parts[next++]) ?? "");
    }
  }
  return null;
}

/** Several in a row, one after a name, a word in quotes. */
function pieces(text, deep) {
  if (/^'[^']*'$/.test(text)) return worded(text.slice(1, -1), deep + 1);
  for (const between of ["; ", ": "]) {
    const at = text.indexOf(between);
    if (at > 0) return `${worded(text.slice(0, at), deep + 1)}${between}${worded(text.slice(at + 2), deep + 1)}`;
  }
  return null;
}

/** A trouble of the gateway's own, by its name in docs/events.md: what it means, and whose it is. */
export function trouble(what) {
  if (has(`trouble.${what}`)) return t(`trouble.${what}`);
  const parts = what.split("."), last = parts.at(-1), rest = parts.slice(1).join(".");
  if (parts[0] === "heartbeat" && parts.length > 2) return t("trouble.heartbeat", { place: placeName(parts[1]), kind: parts.slice(2).join(".") });
  if (parts[0] === "source") return t("trouble.source", { name: rest });
  if (parts.length > 1 && has(`trouble.of.${last}`)) return t(`trouble.of.${last}`, { name: parts.slice(0, -1).join(".") });
  return parts.length > 1 ? t("trouble.lane", { name: what }) : what;
}

const placeName = (id) => said(state.places.get(id) ?? { name: id }, "name");
