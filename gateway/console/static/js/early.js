// Before anything else, so that a dark control room never flashes white, and so that the words and who this page is are on
// their way while the scripts come. Not a module: modules run too late.
(() => {
  const kept = localStorage.getItem("fengsui.theme");
  const dark = kept ? kept === "night" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "night" : "day";
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("fengsui.language");
  const known = ["zh", "en"].includes(asked) ? asked : navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
  const base = document.currentScript.src.replace(/js\/early\.js$/, "");
  const words = (language) => fetch(`${base}i18n/${language}.json`);
  globalThis.early = { base, language: known, words, first: words(known), session: fetch("/api/v1/session", { cache: "no-store" }) };
  for (const asked of [early.first, early.session]) asked.catch(() => null); // who waits for it hears of it
})();
