// Before anything else, so that a dark control room never flashes white, and so that the words, who this page is and what the
// gateway has to say are on their way while the scripts come. Not a module: modules run too late.
(() => {
  const kept = localStorage.getItem("fengsui.theme");
  const dark = kept ? kept === "night" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "night" : "day";
  document.querySelector("meta[name=color-scheme]").content = dark ? "dark" : "light"; // the canvas, before any style has come
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("fengsui.language");
  const known = ["zh", "en"].includes(asked) ? asked : navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
  const base = document.currentScript.src.replace(/js\/early\.js$/, "");
  const words = (language) => fetch(`${base}i18n/${language}.json`, { priority: "high" });
  globalThis.early = { base, language: known, words, first: words(known), session: fetch("/api/v1/session", { cache: "no-store", priority: "high" }) };
  for (const asked of [early.first, early.session]) asked.catch(() => null); // who waits for it hears of it
  // Whoever may look has the stream opened and its tags asked for while the scripts still come; stream.js takes over what came.
  early.session.then((answer) => answer.clone().json()).then(({ view, mode, roles }) => {
    if (!view || early.taken) return;
    if (mode === "name" || roles[0] !== "regulator") early.tags = fetch("/api/v1/tags", { cache: "no-store" }).then((answer) => (answer.ok ? answer.json() : null));
    early.tags?.catch(() => null);
    early.stream = { source: new EventSource("/api/v1/stream"), opened: performance.now(), said: [] };
    for (const kind of ["full", "change", "beat"]) early.stream.source.addEventListener(kind, (event) => early.stream?.said.push(event));
  }).catch(() => null);
})();
