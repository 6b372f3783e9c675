// One catalogue a language, in /static/i18n. No page has words of its own.

export const LANGUAGES = ["zh", "en"];
const KEEP = "fengsui.language";
let words = {};
export let language = "zh";

function wanted() {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEEP);
  if (LANGUAGES.includes(asked)) return asked;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
}

export async function load(name = wanted()) {
  const answer = await fetch(`/static/i18n/${name}.json`);
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
