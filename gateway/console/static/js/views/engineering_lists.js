// A tag list as a file: checked whole as if it were in place, its faults by cell; and tried on the archive before anything changes.

import { h, put } from "../dom.js";
import { t } from "../i18n.js";
import { spoken } from "../phrases.js";
import { download, faultSpoken, upload } from "../api.js";
import { stamp } from "../format.js";
import { fileField } from "../forms.js";
import { holds } from "../session.js";

const DAYS = [1, 7, 30];

export function lists(el) {
  const { input: file, el: choose } = fileField({ id: "list-file", accept: ".csv,.xlsx", "aria-label": t("eng.file") });
  const days = h("select", { id: "list-days", "aria-label": t("eng.days") }, DAYS.map((d) => h("option", { value: d, selected: d === 7 }, t("step.days", { n: d }))));
  const report = h("div", { id: "list-report", "aria-live": "polite" });
  const run = (path) => async (event) => {
    const [given] = file.files;
    if (!given) return put(report, h("p.wrong", null, t("eng.nofile")));
    event.target.disabled = true;
    put(report, h("p.muted", null, t("eng.working")));
    try {
      const found = await upload(`/api/v1/engineering/${path}?name=${encodeURIComponent(given.name)}&days=${days.value}`, given);
      put(report, found.ok === false ? [faultTable(found.faults.map(faultSpoken)), workbook(given, report)].flat() : path === "check" ? sound(found) : difference(found));
    } catch (fault) {
      put(report, h("p.wrong", null, fault.message));
    } finally {
      event.target.disabled = false;
    }
    return undefined;
  };
  put(el, h("h2", null, t("eng.lists")), h("p.muted", null, t("eng.listswhy")), h("div.toolbar", null, choose,
    h("button.primary", { type: "button", id: "list-check", disabled: !holds("engineer"), onclick: run("check") }, t("eng.check")), days,
    h("button", { type: "button", id: "list-try", disabled: !holds("engineer"), onclick: run("what-if") }, t("eng.whatif"))), report);
}

/** The same list with each fault beside its row and its cell in colour, to mend and send again. */
function workbook(given, report) {
  const name = encodeURIComponent(given.name);
  return h("button", { type: "button", id: "list-workbook", onclick: (event) => {
    event.target.disabled = true;
    return download(`/api/v1/engineering/annotate?name=${name}`, given, given.name.replace(/\.\w+$/, ".faults.xlsx"))
      .catch((fault) => report.prepend(h("p.wrong", null, fault.message))).finally(() => { event.target.disabled = false; });
  } }, t("eng.workbook"));
}

/** Faults of a configuration, each with what is allowed and a hint. */
export function faultTable(found) {
  return [h("p.wrong", null, t("eng.faults", { n: found.length })), h("div.scroll", null, h("table", null,
    h("thead", null, h("tr", null, ["eng.place", "eng.cell", "events.value", "eng.allowed", "eng.hint"].map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", null, found.map((f) => h("tr.fault", null, h("td", null, f.line ? `${f.file}:${f.line}` : f.file), h("td", null, h("b", null, f.path)), h("td", null, String(f.value)), h("td", null, f.allowed), h("td", null, f.hint))))))];
}

function sound(found) {
  const rows = [["tags", found.tags], ["rules", found.rules], ["disabled", found.rules_disabled], ["notjudged", (found.not_judged ?? []).length], ["notes", (found.notes ?? []).length]];
  return [h("p", null, h("b", null, t("eng.nofaults"))), h("dl.facts", null, rows.flatMap(([key, value]) => [h("dt", null, t(`eng.sum.${key}`)), h("dd", null, String(value ?? 0))])),
    h("ul", null, (found.notes ?? []).slice(0, 100).map((n) => h("li.muted", null, [n.subject, n.place, spoken(n.text)].filter(Boolean).join(" · "))))];
}

const KINDS = ["gained", "lost", "earlier", "later"];

/** What the other list would have said otherwise, alarm by alarm; then the whole report for who wants it. */
export function difference(found) {
  const other = found.other ?? {}, changes = other.changes ?? [];
  const parts = KINDS.map((how) => [how, changes.filter((c) => c.how === how)]).map(([how, some]) => h("section", null, h("h3", null, `${t(`eng.diff.${how}`)} · ${some.length}`),
    h("ul", null, some.slice(0, 200).map((c) => h("li", null, h("b", null, c.rule), ` ${stamp(Date.parse(c.time))}`, c.gap_s ? ` ${t("age.s", { s: Math.round(Math.abs(c.gap_s)) })}` : "")))));
  return [h("p", null, h("b", null, t("eng.same", { n: other.same ?? 0 }))), ...parts, h("details", null, h("summary", null, t("eng.whole")), h("pre", null, JSON.stringify(found, null, 1).slice(0, 200000)))];
}
