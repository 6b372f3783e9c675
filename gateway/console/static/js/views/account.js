// One's own account, in a dialog: who and until when, another password, a second factor, sign out.

import { h, put, toast } from "../dom.js";
import { t } from "../i18n.js";
import { send } from "../api.js";
import { clock } from "../format.js";
import { dialog, field } from "../forms.js";
import { become, me } from "../session.js";
import { signOut } from "../who.js";

export function account() {
  const box = h("dialog.ask", { "aria-label": me.user.name });
  const close = (then) => () => { box.close(); return then(); };
  put(box, h("h2", null, me.user.name), h("dl.facts", null,
    h("dt", null, t("who.account")), h("dd", null, me.user.id), h("dt", null, t("people.role")), h("dd", null, t(`role.${me.user.role}`)),
    h("dt", null, t("who.station")), h("dd", null, me.workstation || "—"), h("dt", null, t("account.until")), h("dd", null, me.until ? clock(me.until) : "—")),
  h("div.buttons", null,
    h("button", { type: "button", onclick: close(password) }, t("account.change")),
    h("button", { type: "button", id: "second-factor", onclick: close(second) }, t(me.user.second ? "account.secondnew" : "account.second")),
    h("button", { type: "button", id: "sign-out", onclick: close(signOut) }, t("who.signout")),
    h("button.primary", { type: "button", onclick: () => box.close() }, t("act.ok"))));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

async function password() {
  const done = await dialog(t("account.change"), "", [
    field("old", t("account.old"), { type: "password", required: true, autocomplete: "current-password" }),
    field("new", t("account.new"), { type: "password", required: true, minlength: 10, autocomplete: "new-password" }),
  ], t("account.change"), (values) => send("POST", "/api/v1/session/password", values));
  if (done) { become(done); toast(t("account.changed")); }
}

async function second() {
  const offer = await send("POST", "/api/v1/session/second").catch((fault) => toast(t("act.failed", { reason: fault.message }), true));
  if (!offer) return;
  const done = await dialog(t("account.second"), t("account.secondwhy"), [
    field("secret", t("account.secret"), { readonly: true, value: offer.secret.replace(/(.{4})/g, "$1 ").trim() }),
    field("uri", t("account.uri"), { readonly: true, value: offer.uri }),
    field("code", t("who.code"), { required: true, inputmode: "numeric", maxlength: 6 }),
  ], t("act.ok"), ({ code }) => send("POST", "/api/v1/session/second/confirm", { code }));
  if (done) { become(done); toast(t("account.secondset")); }
}
