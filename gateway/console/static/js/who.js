// Who acts: who has signed in; on a gateway without accounts, a name that is asked for once and kept on this panel.

import { t } from "./i18n.js";
import { send } from "./api.js";
import { dialog, field } from "./forms.js";
import { become, me, may, whoami } from "./session.js";
import { tell } from "./state.js";
import { renew } from "./stream.js";

const KEEP = "fengsui.who";

export function known() {
  if (me.mode === "sign-in") return me.user;
  try {
    const kept = JSON.parse(localStorage.getItem(KEEP));
    return kept?.name ? kept : null;
  } catch {
    return null; // damaged storage: ask again
  }
}

/** What a command says of its actor; asks when nobody is known or the right has run out. null: the person turned away. */
export async function actor(right) {
  if (me.mode === "name") {
    const who = known() ?? await giveName();
    return who && { actor: who };
  }
  if (!me.user || (right && !may(right))) {
    if (!(await signIn(me.user ? t("who.notthisrole") : t("who.toact")))) return null;
  }
  return {};
}

export const ask = () => (me.mode === "name" ? giveName() : me.user ? account() : signIn(t("who.toact")));

function giveName() {
  const old = known();
  return dialog(t("who.title"), t("who.why"), [
    field("name", t("who.name"), { id: "who-name", required: true, maxlength: 64, value: old?.name ?? "" }),
    field("workstation", t("who.station"), { id: "who-station", maxlength: 64, value: old?.workstation ?? "" }),
  ], t("act.ok"), ({ name, workstation }) => {
    const who = { id: name.trim(), name: name.trim(), workstation: workstation.trim() };
    localStorage.setItem(KEEP, JSON.stringify(who));
    tell("who");
    return who;
  });
}

export const proofFields = () => [
  field("user", t("who.account"), { id: "sign-user", required: true, maxlength: 64, autocomplete: "username" }),
  field("password", t("who.password"), { id: "sign-password", type: "password", required: true, maxlength: 200, autocomplete: "current-password" }),
  field("code", t("who.code"), { id: "sign-code", inputmode: "numeric", maxlength: 6, autocomplete: "one-time-code" }),
];

export async function enter(values) {
  const found = await send("POST", "/api/v1/session", values);
  become(found);
  return found;
}

/** A dialog over the page: the view behind it stays. */
export function signIn(why) {
  return dialog(t("who.signin"), why, proofFields(), t("who.signin"), enter);
}

export async function signOut() {
  become(await send("DELETE", "/api/v1/session"));
  if (me.view) renew();
  else location.reload();
}

/** One's own account: who, until when, password, second factor, out. */
function account() {
  return import("./views/account.js").then((view) => view.account());
}

export { whoami };
