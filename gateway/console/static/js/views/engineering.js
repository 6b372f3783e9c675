// For the engineer: a tag list checked before it is put in place and tried on the archive, what judges and by which clause,
// loops and who tested them, stages and approvals by two persons.

import { h, put, segments, toast } from "../dom.js";
import { said, t } from "../i18n.js";
import { get } from "../api.js";
import { plain, stamp } from "../format.js";
import { mark } from "../marks.js";
import { state } from "../state.js";
import { lacks, may } from "../session.js";
import { change } from "./engineering_change.js";
import { changes } from "./engineering_changes.js";
import { explain, loopTested, stage } from "./engineering_dialogs.js";
import { lists } from "./engineering_lists.js";
import { probe } from "./engineering_probe.js";
import { stages } from "./engineering_stages.js";

const PARTS = ["rules", "stages", "lists", "probe", "loops", "changes"];
const OF_CHANGES = ["stages", "changes"]; // only where this console can change what judges
const MOST = 400;

export function mount(root, { rest }) {
  const here = PARTS.filter((name) => !(OF_CHANGES.includes(name) && (lacks("changes") || lacks("proposals"))));
  const part = here.includes(rest[0]) ? rest[0] : "rules", body = h("section.panel", { id: `part-${part}` });
  put(root, h("div.toolbar", null, segments(t("nav.engineering"), here.map((p) => [p, t(`eng.${p}`)]), part, (p) => { location.hash = `#/engineering/${p}`; })), body);
  ({ rules, stages, lists, probe, loops, changes })[part](body);
  return () => null;
}

function table(head, rows, id) {
  return h("div.scroll", { tabindex: 0, id }, h("table", null, h("thead", null, h("tr", null, head.map((key) => h("th", { scope: "col" }, key ? t(key) : "")))), h("tbody", null, rows)));
}

const failed = (fault) => toast(t("act.failed", { reason: fault.message }), true);
const button = (words, act, attrs = {}) => h("button", { type: "button", onclick: act, ...attrs }, words);

async function rules(el) {
  const search = h("input", { type: "search", id: "rule-search", placeholder: t("events.search"), "aria-label": t("events.search") }), count = h("span.muted"), list = h("div");
  let found = [];
  const draw = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fit = found.filter((r) => words.every((w) => `${r.id} ${r.kind} ${r.standard} ${r.clause} ${r.stage} ${r.installation} ${r.mark}`.toLowerCase().includes(w)));
    put(count, t("eng.count", { n: fit.length, all: found.length }));
    put(list, table(["alarms.level", "detail.rule", "eng.kind", "eng.trigger", "detail.reset", "eng.delay", "eng.stage", "eng.clause", "eng.signed", ""], fit.slice(0, MOST).map((r) => ruleRow(r, again)), "rule-list"));
  };
  const again = async () => {
    const [rules, changes] = await Promise.all([get("/api/v1/rules"), lacks("proposals") ? { signed: [] } : get("/api/v1/changes")]);
    const signed = new Set(changes.signed.map((c) => c.id));
    found = rules.rules.map((r) => ({ ...r, signed: signed.has(r.id) }));
    draw();
  };
  search.addEventListener("input", draw);
  put(el, h("header", null, search, h("div.space"), count), list);
  await again().catch(failed);
}

function ruleRow(r, again) {
  const signed = r.verified_by || (r.mark === "V" || !r.mark ? "" : t(`eng.mark.${r.mark}`));
  return h(`tr${r.enabled ? "" : ".shadow"}`, null, h("td", null, mark(r.level, "hollow")), h("td", null, h("b", null, r.id), h("div.muted", null, r.version)), h("td", null, r.kind),
    h("td", null, r.trigger === null ? "" : `${plain(r.trigger)} ${r.unit}`), h("td", null, r.reset === null ? "" : plain(r.reset)), h("td", null, `${r.on_delay_s} / ${r.off_delay_s} s`),
    h("td", null, h(`span.chip${r.stage === "shadow" ? ".shadow" : ""}`, null, t(`eng.stage.${r.stage}`)), r.signed ? h("div", null, t("eng.changed")) : null, r.enabled ? null : h("div", null, t("trend.off"))),
    h("td", null, [r.standard, r.clause].filter(Boolean).join(" ")), h(`td${r.mark === "S" && !r.verified_by ? ".odd" : ""}`, null, signed),
    h("td.acts", null, state.index.has(r.subject) ? button(t("eng.whence"), () => explain(r.subject), { class: "plain" }) : null,
      may("commands/propose") ? button(t("eng.change"), () => change(r).then((done) => done && (location.hash = "#/engineering/changes"))) : null,
      may("commands/stage") ? button(t(r.stage === "shadow" ? "eng.golive" : "eng.toshadow"), () => stage("rule", r.id, r.stage).then((done) => done && again())) : null));
}

async function loops(el) {
  const draw = async () => {
    const found = await get("/api/v1/loops");
    put(el, h("h2", null, t("eng.tested", { n: found.tested, all: found.of })), table(["tags.id", "tags.description", "eng.result", "events.time", "events.actor", "eng.method", "events.comment", ""],
      found.loops.slice(0, MOST).map((l) => {
        const tag = state.tags[state.index.get(l.tag)];
        return h("tr", null, h("td", null, h("b", null, l.tag)), h("td", null, tag ? said(tag, "description") : ""), h(`td${l.result === "passed" ? "" : ".odd"}`, null, t(`eng.result.${l.result ?? "none"}`)),
          h("td", null, l.tested ? stamp(Date.parse(l.tested)) : ""), h("td", null, l.by ?? ""), h("td", null, l.method), h("td", null, l.comment),
          h("td.acts", null, may("commands/loop-tested") ? button(t("eng.test"), () => loopTested(l.tag).then((done) => done && draw())) : null));
      }), "loop-list"));
  };
  await draw().catch(failed);
}
