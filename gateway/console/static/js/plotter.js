// uPlot, which only trends need: its script and style are fetched once, when the first picture is wanted.

/* global early */
let coming = null;

/** Resolves when it is there. A failure is forgotten, so that the next picture asks again. */
export function plotter() {
  coming ??= Promise.all([fetched("link", { rel: "stylesheet", href: `${early.base}vendor/uplot.min.css` }), fetched("script", { src: `${early.base}vendor/uplot.iife.min.js` })])
    .catch((fault) => { coming = null; throw fault; });
  return coming;
}

function fetched(name, attrs) {
  return new Promise((done, failed) => {
    const el = Object.assign(document.createElement(name), attrs);
    el.onload = done;
    el.onerror = () => { el.remove(); failed(new Error(attrs.src ?? attrs.href)); };
    document.head.append(el);
  });
}
