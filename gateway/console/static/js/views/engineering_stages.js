// What is announced and what is only judged: each installation, and each rule in shadow. A stage is set by two persons, for
// a reason, and signed.

import { h, put, toast } from "../dom.js";
import { said, t } from "../i18n.js";
import { get } from "../api.js";
import { stamp } from "../format.js";
import { mark } from "../marks.js";
import { may } from "../session.js";
import { stage } from "./engineering_dialogs.js";

const AGAIN_MS = 1500; // the gateway stops and starts for a change
const MOST = 400;

export async function stages(el) {
  const again = (done) => { if (done) setTimeout(() => el.isConnected && draw().catch(() => again(done)), AGAIN_MS); };
  const draw = async () => {
    const [levels, rules, changes] = await Promise.all(["levels", "rules", "changes"].map((what) => get(`/api/v1/${what}`)));
    const signed = new Map(changes.signed.filter((c) => c.field === "stage").map((c) => [`${c.part} ${c.id}`, c]));
    put(el, h("p.muted", null, t("eng.stageswhy")), installations(levels.levels.filter((l) => l.installation), rules.rules, signed, again), shadows(rules.rules.filter((r) => r.stage === "shadow"), signed, again));
  };
  await draw().catch((fault) => toast(t("act.failed", { reason: fault.message }), true));
}

function table(head, rows, id) {
  return h("div.scroll", { tabindex: 0, id }, h("table", null, h("thead", null, h("tr", null, head.map((key) => h("th", { scope: "col" }, key ? t(key) : "")))), h("tbody", null, rows)));
}

function installations(found, rules, signed, again) {
  const count = (id, word) => rules.filter((r) => r.installation === id && r.stage === word).length;
  const told = (l) => (l.stage === "shadow" ? t("eng.allshadow", { n: rules.filter((r) => r.installation === l.installation).length })
    : t("eng.stagecount", { live: count(l.installation, "live"), shadow: count(l.installation, "shadow") }));
  const rows = found.map((l) => h("tr", { "data-id": l.installation }, h("td", null, h("b", null, said(l, "name")), h("div.muted", null, l.installation)), h("td", null, chip(l.stage)),
    h("td", null, told(l)), who(signed.get(`installations ${l.installation}`)),
    h("td.acts", null, button("installation", l.installation, l.stage, again))));
  return h("section", null, h("h2", null, t("eng.installations")), table(["eng.installation", "eng.stage", "eng.rules", "eng.signature", ""], rows, "stage-installations"));
}

function shadows(found, signed, again) {
  const rows = found.slice(0, MOST).map((r) => h("tr", { "data-id": r.id }, h("td", null, mark(r.level, "hollow")), h("td", null, h("b", null, r.id)), h("td", null, r.installation), who(signed.get(`rules ${r.id}`)), h("td.acts", null, button("rule", r.id, r.stage, again))));
  return h("section", null, h("h2", null, t("eng.shadowrules", { n: found.length })), found.length ? table(["alarms.level", "detail.rule", "eng.installation", "eng.signature", ""], rows, "stage-rules") : h("p.empty", null, t("eng.noshadow")));
}

const chip = (word) => h(`span.chip${word === "shadow" ? ".shadow" : ""}`, null, t(`eng.stage.${word}`));

const who = (c) => h("td.muted", null, c ? [h("div", null, `${c.by}, ${c.second} · ${stamp(Date.parse(c.time))}`), h("div", null, c.reason), h("code", { title: c.hash }, c.hash.slice(0, 12))] : "");

function button(part, id, now, again) {
  if (!may("commands/stage")) return null;
  return h("button", { type: "button", onclick: () => stage(part, id, now).then(again) }, t(now === "shadow" ? "eng.golive" : "eng.toshadow"));
}
