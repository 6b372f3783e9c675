// Management of change: what waits for a second person, the signed difference between the files and what runs, approvals.

import { h, put, toast } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../api.js";
import { stamp } from "../format.js";
import { may } from "../session.js";
import { agree, decline, numberName } from "./engineering_change.js";
import { approve, reload } from "./engineering_dialogs.js";

const AGAIN_MS = 1500; // the gateway stops and starts for a change
const button = (words, act, attrs = {}) => h("button", { type: "button", onclick: act, ...attrs }, words);

function table(head, rows, id) {
  return h("div.scroll", { tabindex: 0, id }, h("table", null, h("thead", null, h("tr", null, head.map((key) => h("th", { scope: "col" }, key ? t(key) : "")))), h("tbody", null, rows)));
}

export async function changes(el) {
  const draw = async () => {
    const [configs, found] = await Promise.all([get("/api/v1/configs"), get("/api/v1/changes")]);
    put(el, waiting(found.proposals, again), signed(found.signed), running(configs, again));
  };
  const again = (done) => { if (done) setTimeout(() => el.isConnected && draw().catch(() => setTimeout(() => again(done), AGAIN_MS)), done.new ? AGAIN_MS : 0); };
  await draw().catch((fault) => toast(t("act.failed", { reason: fault.message }), true));
}

const differs = (numbers) => numbers.map((n) => h("div", null, `${numberName(n.field)} ${n.old} → `, h("b", null, n.new), n.later ? h("b.odd", null, ` ⚠ ${t("eng.later")}`) : null));

function waiting(found, again) {
  const rows = found.map((p) => h("tr.proposal", null, h("td", null, h("b", null, p.rule)), h("td", null, differs(p.numbers)), h("td.muted", null, h("div", null, p.origin), p.clause),
    h("td", null, p.by, h("div.muted", null, stamp(Date.parse(p.time)))), h("td", null, p.comment),
    h("td.acts", null, may("commands/agree") ? button(t("eng.agree"), () => agree(p).then(again)) : null, may("commands/decline") ? button(t("eng.decline"), () => decline(p).then(again), { class: "plain" }) : null)));
  return h("section", null, h("h2", null, t("eng.waiting", { n: found.length })), found.length ? table(["detail.rule", "eng.numbers", "eng.origin", "eng.by", "step.reason", ""], rows, "proposals") : h("p.empty", null, t("eng.nowaiting")));
}

function signed(found) {
  const rows = found.map((c) => h("tr.signed", null, h("td", null, h("b", null, c.id)), h("td", null, `${numberName(c.field)} ${c.old} → `, h("b", null, c.new)), h("td.muted", null, h("div", null, c.origin), c.clause),
    h("td", null, c.by, h("div.muted", null, stamp(Date.parse(c.time)))), h("td", null, c.second), h("td", null, c.reason), h("td", null, h("code", { title: c.hash }, c.hash.slice(0, 12)))));
  return h("section", null, h("h2", null, t("eng.signeddiff")), found.length ? table(["detail.rule", "eng.numbers", "eng.origin", "eng.by", "eng.second", "step.reason", "eng.hash"], rows, "signed-diff") : h("p.empty", null, t("eng.nosigned")));
}

function running(found, again) {
  const known = found.approvals.map((a) => h("tr", null, h("td", null, a.hash.slice(0, 12)), h("td", null, a.by), h("td", null, a.second), h("td", null, stamp(Date.parse(a.time)))));
  return h("section", null, h("h2", null, t("eng.running")), h("p", null, h("code", null, found.running), " ", h("b", { class: found.approved ? "" : "odd" }, t(found.approved ? "eng.approved" : "eng.unapproved"))),
    h("div.buttons", null, may("commands/approve") ? button(t("eng.approve"), () => approve().then(again), { id: "approve" }) : null, may("commands/reload") ? button(t("eng.reload"), () => reload().then(again), { id: "reload" }) : null),
    h("h3", null, t("eng.approvals")), found.approvals.length ? table(["eng.config", "events.actor", "eng.second", "events.time"], known) : h("p.empty", null, t("eng.noapprovals")));
}
