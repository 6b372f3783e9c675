// One catalogue a language, in i18n/. No page has words of its own.

/* global early */
export const LANGUAGES = ["zh", "en"];
const KEEP = "fengsui.language";
let words = {};
export let language = "zh";

/** Without a name: the language of this page, which early.js found out and has asked for. */
export async function load(name = early.language) {
  const answer = await (early.first && name === early.language ? early.first : early.words(name));
  early.first = null; // an answer is read once
  if (!answer.ok) throw new Error(`catalogue ${name}: ${answer.status}`);
  words = await answer.json();
  language = name;
  localStorage.setItem(KEEP, name);
  document.documentElement.lang = name === "zh" ? "zh-CN" : "en";
}

/** t("alarms.selected", {n: 3}). A key that is missing shows itself. */
export function t(key, values) {
  const phrase = words[key] ?? key;
  return values ? phrase.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "")) : phrase;
}

/** Is there a phrase for this key? */
export const has = (key) => key in words;

/** The field of a thing in the reader's language: English falls back to the plant's own words. */
export function said(thing, field) {
  return (language === "en" && thing[`${field}_en`]) || thing[field];
}
