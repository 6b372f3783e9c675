// The sound's state, always in sight, and the hand that arms, tests, silences it.

import { h, put, svg, toast } from "../dom.js";
import { t } from "../i18n.js";
import { typing } from "../keys.js";
import { arm, disarm, mode, silence, sound, test } from "../sound.js";

const BODY = "M4 10v6h4l6 5V5l-6 5z";
const MARK = { off: "M17 9l8 8M25 9l-8 8", again: "M17 9l8 8M25 9l-8 8", armed: "M18 9a6 6 0 0 1 0 8", sounding: "M18 9a6 6 0 0 1 0 8M21 6a10 10 0 0 1 0 14", silenced: "M18 13h7" };

export function soundButton() {
  const el = h("button.sound", { type: "button", id: "sound", onclick: press });
  draw(el);
  return el;
}

export function draw(el) {
  const now = mode();
  el.dataset.mode = now;
  el.title = t(`sound.${now}.why`);
  put(el, svg("svg", { viewBox: "0 0 28 26", class: "speaker", "aria-hidden": "true" }, svg("path", { d: BODY, class: "body" }), svg("path", { d: MARK[now] })), h("span", null, t(`sound.${now}`)));
}

async function press() {
  if (mode() === "sounding") return silence();
  if (["off", "again"].includes(mode())) {
    try {
      await arm();
      return toast(t("sound.heard"));
    } catch (fault) {
      return toast(t("sound.failed", { reason: fault.message }), true);
    }
  }
  return menu();
}

function menu() {
  const box = h("dialog.ask", { "aria-label": t("sound.title") });
  const then = (act) => () => { act(); box.close(); };
  box.append(h("h2", null, t("sound.title")), h("p", null, t(`sound.${mode()}.why`)), h("div.buttons", null,
    h("button", { type: "button", id: "sound-test", onclick: test }, t("sound.test")),
    h("button", { type: "button", id: "sound-off", onclick: then(disarm) }, t("sound.disarm")),
    h("button.primary", { type: "button", onclick: () => box.close() }, t("act.ok"))));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

/** A page that was loaded anew has lost its voice: the first hand on it, wherever, gives it back, with the tone that shows it. */
const revive = (event) => mode() === "again" && !event.target.closest?.("#sound") && arm().catch(() => null); // the button still says so

/** `s` silences from anywhere; it acknowledges nothing. */
export function bindSound() {
  for (const name of ["pointerup", "keyup"]) addEventListener(name, revive);
  addEventListener("keydown", (event) => {
    if (event.key === "s" && !typing(event) && sound.sounding && sound.armed) silence();
  });
}
