// The field beside the numbers: every tag once, registers beside the value, of a tag list or of what runs. A line that the
// running poll has for itself is not asked a second time; what its last poll read stands there, and it is said.

import { h, put } from "../dom.js";
import { t } from "../i18n.js";
import { faultSpoken, upload } from "../api.js";
import { phrases, spoken } from "../phrases.js";
import { plain, stamp } from "../format.js";
import { fileField } from "../forms.js";
import { holds } from "../session.js";
import { state } from "../state.js";
import { faultTable } from "./engineering_lists.js";

const MOST = 2000;
const ROWS = ["tags.id", "field.address", "eng.raw", "events.value", "eng.read", "eng.oddity"];

export function probe(el) {
  const { input: file, el: choose } = fileField({ id: "probe-file", accept: ".csv,.xlsx", "aria-label": t("eng.file") });
  const names = [...new Set(state.tags.map((tag) => tag.source).filter(Boolean))].sort();
  const source = h("select", { id: "probe-source", "aria-label": t("eng.source") }, h("option", { value: "" }, t("eng.allsources")), names.map((name) => h("option", { value: name }, name)));
  const report = h("div", { id: "probe-report", "aria-live": "polite" });
  const start = h("button.primary", { type: "button", id: "probe-start", disabled: !holds("engineer"), onclick: async () => {
    const [given] = file.files;
    start.disabled = true;
    put(report, h("p.muted", null, t("eng.probing")));
    try {
      await phrases();
      put(report, shown(await upload(`/api/v1/engineering/probe?name=${encodeURIComponent(given?.name ?? "")}&source=${encodeURIComponent(source.value)}`, given ?? new Blob())));
    } catch (fault) {
      put(report, h("p.wrong", null, fault.message));
    } finally {
      start.disabled = false;
    }
  } }, t("eng.probestart"));
  put(el, h("h2", null, t("eng.probe")), h("p.muted", null, t("eng.probewhy")), h("p", { id: "probe-budget" }, t("eng.budget")), h("div.toolbar", null, choose, source, start), report);
}

function shown(found) {
  if (found.ok === false || !found.probe) return faultTable((found.faults ?? []).map(faultSpoken));
  const { sources, tags } = found.probe, odd = tags.filter((line) => line.note || line.value === null).length;
  return [h("dl.facts", { id: "probe-sources" }, Object.entries(sources).flatMap(([name, figures]) => [h("dt", null, name), h("dd", null, said(figures))])),
    h("p", null, h("b", { class: odd ? "odd" : "" }, t("eng.probed", { n: tags.length, odd }))),
    h("div.scroll", { tabindex: 0, id: "probe-rows" }, h("table", null, h("thead", null, h("tr", null, ROWS.map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", null, tags.slice(0, MOST).map(row))))];
}

/** One source: what it cost, or why it was not asked. */
function said(figures) {
  if (figures.reached === undefined) return spoken(figures.why);
  const cost = figures.cycle_ms ? t("eng.cost", { requests: figures.requests_per_cycle, ms: plain(figures.cycle_ms), load: (100 * figures.load).toFixed(1) }) : "";
  return [t(figures.reached ? "eng.reached" : "eng.notreached"), t("eng.asked", { n: figures.asked }), cost, spoken(figures.why)].filter(Boolean).join(" · ");
}

function row(line) {
  const when = line.time ? stamp(Date.parse(line.time)) : line.ms === null ? "" : `${plain(line.ms)} ms`;
  return h("tr", null, h("td", null, h("b", null, line.tag), h("div.muted", null, line.source)), h("td", null, line.address), h("td", null, h("code", null, line.raw)),
    h("td", null, line.value === null ? "–" : `${plain(line.value)} ${line.unit}`), h("td.muted", null, line.time ? t("eng.lastpoll", { time: when }) : when), h(`td${line.note ? ".odd" : ""}`, null, line.note ? `⚠ ${spoken(line.note)}` : ""));
}
