// In front of the page: the first administrator, signing in, and a password that must be changed. No view until then.

import { h, put } from "../dom.js";
import { t } from "../i18n.js";
import { send } from "../api.js";
import { field, form } from "../forms.js";
import { me } from "../session.js";
import { enter, proofFields } from "../who.js";

export function door(root, opened) {
  put(root, h("section.door", null, me.setup ? setup(root, opened) : me.user?.must_change ? change(opened) : come(opened)));
  root.querySelector("input")?.focus();
}

function come(opened) {
  return [h("h1", null, t("door.title")), h("p.muted", null, t("door.why")),
    form(proofFields(), t("who.signin"), async (values) => { await enter(values); opened(); })];
}

function setup(root, opened) {
  const fields = [
    field("code", t("door.code"), { id: "setup-code", required: true, maxlength: 16 }),
    field("user", t("who.account"), { id: "setup-user", required: true, maxlength: 64, pattern: "[A-Za-z0-9_.\\-]+", autocomplete: "username" }),
    field("name", t("who.name"), { id: "setup-name", required: true, maxlength: 64 }),
    field("password", t("who.password"), { id: "setup-password", type: "password", required: true, minlength: 10, autocomplete: "new-password" }),
  ];
  return [h("h1", null, t("door.first")), h("p.muted", null, t("door.firstwhy")), form(fields, t("door.make"), async (values) => {
    await send("POST", "/api/v1/setup", values);
    await enter({ user: values.user, password: values.password, code: "" });
    opened();
  })];
}

function change(opened) {
  const fields = [
    field("old", t("account.old"), { id: "old-password", type: "password", required: true, autocomplete: "current-password" }),
    field("new", t("account.new"), { id: "new-password", type: "password", required: true, minlength: 10, autocomplete: "new-password" }),
  ];
  return [h("h1", null, t("account.mustchange")), form(fields, t("account.change"), async (values) => {
    await send("POST", "/api/v1/session/password", values);
    opened();
  })];
}
