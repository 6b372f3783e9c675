// The few helpers that stand for a framework. Text goes in as text nodes, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** h("div.row.big", {title: "x", onclick: f}, child, ...): an element. Strings become text; null is left out. */
export function h(spec, attrs, ...children) {
  const [name, ...classes] = spec.split(".");
  const el = document.createElement(name);
  if (classes.length) el.className = classes.join(" ");
  return fill(el, attrs, children);
}

/** The same for SVG. */
export function svg(name, attrs, ...children) {
  return fill(document.createElementNS(SVG, name), attrs, children);
}

function fill(el, attrs, children) {
  for (const [key, value] of Object.entries(attrs ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else el.setAttribute(key, value === true ? "" : value);
  }
  el.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

/** Replace all children. */
export function put(el, ...children) {
  el.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

/** Write only what differs: an unchanged cell costs no layout. */
export function text(el, value) {
  if (el.textContent !== value) el.textContent = value;
}

export function klass(el, value) {
  if (el.className !== value) el.className = value;
}

/** A group of buttons of which one is pressed. */
export function segments(label, options, chosen, choose) {
  const group = h("div.segments", { role: "group", "aria-label": label });
  for (const [value, words] of options) {
    group.append(h("button", {
      type: "button", "aria-pressed": String(value === chosen), "data-value": value, onclick: () => {
        for (const b of group.children) b.setAttribute("aria-pressed", String(b.dataset.value === String(value)));
        choose(value);
      },
    }, words));
  }
  return group;
}

let fading = 0;
/** Say it, for a few seconds; screen readers hear it too. */
export function toast(words, bad = false) {
  const el = document.getElementById("toast");
  el.textContent = words;
  klass(el, bad ? "shown bad" : "shown");
  clearTimeout(fading);
  fading = setTimeout(() => klass(el, ""), bad ? 9000 : 4000);
}
