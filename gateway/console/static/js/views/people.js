// The administrator's page: accounts, registered panels, tokens of programs. The auditor reads it.

import { h, put, toast } from "../dom.js";
import { t } from "../i18n.js";
import { get, send } from "../api.js";
import { day } from "../format.js";
import { dialog, field } from "../forms.js";
import { may, me } from "../session.js";
import { on } from "../state.js";

const ROLES = ["viewer", "operator", "engineer", "administrator", "auditor", "regulator"];
const roles = (chosen) => ROLES.map((role) => [role, t(`role.${role}`), role === chosen]);
const date = (s) => (s ? day(s * 1000) : "—");
const yes = (value) => (value ? t("yes") : "");

export function mount(root) {
  let drawn = null; // roles it was drawn for: somebody who only moved changes nothing
  const draw = () => {
    if (drawn === String(me.roles)) return;
    drawn = String(me.roles);
    const parts = ["accounts", "panels", "tokens"].map((name) => h("section.panel", { id: name }));
    if (me.mode === "name") put(root, h("p.empty", null, t("people.none")));
    else if (!me.roles.some((role) => role === "administrator" || role === "auditor")) put(root, h("p.empty", null, t("people.notyours")));
    else { put(root, h("div.columns", null, parts)); look(); }
  };
  draw();
  return on("who", draw);
}

/** Into the parts that stand there when the answers come: the page may have been drawn anew meanwhile. */
async function look() {
  try {
    const found = await Promise.all(["accounts", "panels", "tokens"].map((name) => get(`/api/v1/${name}`)));
    const part = (name) => document.getElementById(name);
    if (!part("tokens")) return;
    drawAccounts(part("accounts"), found[0].accounts, look);
    drawPanels(part("panels"), found[1].panels, look);
    drawTokens(part("tokens"), found[2].tokens, look);
  } catch (fault) {
    toast(t("act.failed", { reason: fault.message }), true);
  }
}

function table(head, rows, none) {
  if (!rows.length) return h("p.empty", null, none);
  return h("div.scroll", null, h("table", null, h("thead", null, h("tr", null, head.map((key) => h("th", { scope: "col" }, key ? t(key) : "")))),
    h("tbody", null, rows.map((cells) => h("tr", null, cells.map((cell) => h("td", null, cell)))))));
}

const button = (words, act, id) => h("button", { type: "button", onclick: act, ...(id ? { id } : {}) }, words);
const head = (key, add) => h("header", null, h("h2", null, t(key)), h("div.space"), add);

function drawAccounts(el, found, again) {
  const mine = may("accounts");
  put(el, head("people.accounts", mine ? button(t("people.add"), () => addAccount().then((done) => done && again()), "add-account") : null),
    table(["who.account", "who.name", "people.role", "people.second", "people.disabled", "people.made", ""],
      found.map((a) => [a.id, a.name, t(`role.${a.role}`), yes(a.second), yes(a.disabled), date(a.made),
        mine ? button(t("people.change"), () => changeAccount(a).then((done) => done && again())) : ""]), ""));
}

function addAccount() {
  return dialog(t("people.add"), t("people.addwhy"), [
    field("id", t("who.account"), { id: "account-id", required: true, maxlength: 64, pattern: "[A-Za-z0-9_.\\-]+" }),
    field("name", t("who.name"), { id: "account-name", required: true, maxlength: 64 }),
    field("role", t("people.role"), { id: "account-role" }, roles("operator")),
    field("person", t("people.person"), { maxlength: 64 }),
    field("password", t("people.firstpassword"), { id: "account-password", type: "password", required: true, minlength: 10, autocomplete: "new-password" }),
  ], t("people.add"), (values) => send("POST", "/api/v1/accounts", values));
}

function changeAccount(a) {
  return dialog(`${t("people.change")}: ${a.id}`, "", [
    field("name", t("who.name"), { required: true, maxlength: 64, value: a.name }),
    field("role", t("people.role"), {}, roles(a.role)),
    field("disabled", t("people.disabled"), { type: "checkbox", checked: a.disabled }),
    field("password", t("people.newpassword"), { type: "password", minlength: 10, autocomplete: "new-password" }),
    ...(a.second ? [field("second", t("people.nosecond"), { type: "checkbox" })] : []),
  ], t("people.change"), ({ name, role, disabled, password, second }) => send("PATCH", `/api/v1/accounts/${a.id}`, {
    ...(name !== a.name && { name }), ...(role !== a.role && { role }), ...(disabled !== a.disabled && { disabled }),
    ...(password && { password }), ...(second && { second: false }),
  }));
}

function drawPanels(el, found, again) {
  const mine = may("panels");
  put(el, head("people.panels", mine && !me.panel ? button(t("people.register"), () => register().then((done) => done && again()), "register-panel") : null),
    h("p.muted", null, t("people.panelswhy")),
    table(["who.name", "people.made", "people.by", ""], found.map((p) => [p.name, date(p.made), p.by, mine ? button(t("people.end"), () => end("panels", p, again)) : ""]), t("people.nopanels")));
}

function register() {
  return dialog(t("people.register"), t("people.registerwhy"), [field("name", t("people.panelname"), { id: "panel-name", required: true, maxlength: 64 })],
    t("people.register"), (values) => send("POST", "/api/v1/panels", values));
}

function drawTokens(el, found, again) {
  const mine = may("tokens");
  put(el, head("people.tokens", mine ? button(t("people.addtoken"), () => addToken().then((done) => done && again()), "add-token") : null),
    table(["who.name", "people.role", "people.until", "people.by", ""], found.map((x) => [x.name, t(`role.${x.role}`), date(x.until), x.by, mine ? button(t("people.end"), () => end("tokens", x, again)) : ""]), t("people.notokens")));
}

async function addToken() {
  const made = await dialog(t("people.addtoken"), "", [
    field("name", t("who.name"), { id: "token-name", required: true, maxlength: 64 }),
    field("role", t("people.role"), {}, roles("viewer")),
    field("days", t("people.days"), { type: "number", min: 1, max: 1096, value: 365 }),
  ], t("people.addtoken"), (values) => send("POST", "/api/v1/tokens", values));
  if (made) await dialog(made.name, t("people.tokenonce"), [field("secret", t("people.token"), { id: "token-secret", readonly: true, value: made.secret })], t("act.ok"), () => true);
  return made;
}

async function end(kind, thing, again) {
  const done = await dialog(`${t("people.end")}: ${thing.name}`, t(`people.end.${kind}`), [], t("people.end"), () => send("DELETE", `/api/v1/${kind}/${thing.id}`));
  if (done) again();
}
