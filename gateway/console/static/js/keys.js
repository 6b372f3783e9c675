// Keys that work everywhere. A view adds its own by listening on its root.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const HELP = ["pages", "find", "move", "pick", "ack", "ackall", "shelve", "group", "silence", "trend", "wall", "help"];

/** Typing in a field is not a command. */
export const typing = (event) => event.target.matches?.("input:not([type=checkbox]), select, textarea") || event.ctrlKey || event.altKey || event.metaKey;

export function help() {
  const dialog = h("dialog.ask", null, h("h2", null, t("keys.title")),
    h("dl.keys", null, HELP.flatMap((k) => [h("dt", null, h("kbd", null, t(`keys.${k}.key`))), h("dd", null, t(`keys.${k}`))])),
    h("form", { method: "dialog" }, h("div.buttons", null, h("button.primary", null, t("act.ok")))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** `keys`: of the pages, in their order. */
export function bind(names, keys) {
  addEventListener("keydown", (event) => {
    if (typing(event) || document.querySelector("dialog[open]")) return;
    const page = names[keys.indexOf(event.key)];
    if (page) location.hash = `#/${page}`;
    else if (event.key === "w") location.hash = document.body.classList.contains("wall") ? "#/overview" : "#/overview?wall=1";
    else if (event.key === "?") help();
    else if (event.key === "/") document.querySelector("#view input[type=search]")?.focus();
    else return;
    event.preventDefault();
  });
}
