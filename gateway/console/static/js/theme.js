// Before anything is painted, so that a dark control room never flashes white. Not a module: modules run too late.
(() => {
  const kept = localStorage.getItem("fengsui.theme");
  const dark = kept ? kept === "night" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "night" : "day";
})();
