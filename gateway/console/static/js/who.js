// Who acts. Until there is sign-in a name is asked once and kept on this panel.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { tell } from "./state.js";

const KEEP = "fengsui.who";

export function known() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEEP));
    return kept?.name ? kept : null;
  } catch {
    return null; // damaged storage: ask again
  }
}

/** The actor of a command; asks when nobody is known. null: the person turned away. */
export async function actor() {
  return known() ?? ask();
}

export function ask() {
  const old = known();
  const name = h("input", { id: "who-name", required: true, maxlength: 64, autocomplete: "off", value: old?.name ?? "" });
  const station = h("input", { id: "who-station", maxlength: 64, autocomplete: "off", value: old?.workstation ?? "" });
  const dialog = h("dialog.ask", { "aria-labelledby": "who-title" });
  const form = h("form", { method: "dialog" },
    h("h2", { id: "who-title" }, t("who.title")),
    h("p", null, t("who.why")),
    h("label", { for: "who-name" }, t("who.name")), name,
    h("label", { for: "who-station" }, t("who.station")), station,
    h("div.buttons", null,
      h("button", { type: "button", onclick: () => dialog.close("") }, t("act.cancel")),
      h("button.primary", { type: "submit", value: "ok" }, t("act.ok"))));
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => {
    dialog.remove();
    const said = name.value.trim();
    if (dialog.returnValue !== "ok" || !said) return done(null);
    const who = { id: said, name: said, workstation: station.value.trim() };
    localStorage.setItem(KEEP, JSON.stringify(who));
    tell("who");
    return done(who);
  }));
}
