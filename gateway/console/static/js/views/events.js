// The newest records of the journal, as they were hashed.

import { h, put } from "../dom.js";
import { has, said, t } from "../i18n.js";
import { get } from "../api.js";
import { plain, stamp } from "../format.js";
import { mark } from "../marks.js";
import { on, state } from "../state.js";

const MOST = 300;
const COLUMNS = ["seq", "time", "event", "level", "tag", "value", "actor", "comment"];

export function mount(root) {
  const body = h("tbody"), more = h("button", { type: "button", onclick: () => tail.earlier() }, t("events.earlier"));
  const tail = new Tail(body);
  put(root, h("div.toolbar", null, h("span.muted", null, t("events.about")), h("div.space"), more),
    h("div.scroll", { tabindex: 0, id: "event-list" }, h("table", null,
      h("thead", null, h("tr", null, COLUMNS.map((c) => h(`th.${c}`, { scope: "col" }, t(`events.${c}`))))), body)));
  tail.follow();
  return on("status alarms levels", () => tail.follow());
}

class Tail {
  constructor(body) {
    this.body = body;
    this.first = 0;
    this.last = null;
    this.busy = false;
  }

  /** Fetch what is newer than the last row, one request at a time. */
  async follow() {
    if (this.busy || state.lost || state.status?.seq === this.last) return;
    this.busy = true;
    try {
      const found = await get(this.last === null ? "/api/v1/events?limit=100" : `/api/v1/events?after=${this.last}&limit=${MOST}`);
      this.body.prepend(...found.events.map(row).reverse());
      this.last = found.events.at(-1)?.seq ?? this.last ?? 0;
      this.first ||= found.events[0]?.seq ?? 0;
    } catch {
      return; // the banner says so; the next change asks again
    } finally {
      this.busy = false;
    }
  }

  async earlier() {
    if (this.first <= 1) return;
    const after = Math.max(0, this.first - 101);
    const found = await get(`/api/v1/events?after=${after}&limit=${this.first - 1 - after}`);
    this.body.append(...found.events.map(row).reverse());
    this.first = found.events[0]?.seq ?? 1;
  }
}

function row(e) {
  const level = e.level ?? e.detail?.level;
  const known = ["red", "orange", "yellow", "blue"].includes(level);
  return h(`tr${e.stage === "shadow" ? ".shadow" : ""}`, { "data-seq": e.seq },
    h("td.seq", null, String(e.seq)), h("td.time", null, stamp(Date.parse(e.time))),
    h("td.event", null, has(`event.${e.event}`) ? t(`event.${e.event}`) : e.event),
    h("td.level", null, known ? mark(level, "hollow") : level ? t(`live.${level}`) : ""),
    h("td.tag", null, h("b", null, subject(e)), h("div", null, e.description ?? "")),
    h("td.value", null, e.value === undefined ? "" : `${plain(e.value)} ${e.unit ?? ""}`),
    h("td.actor", null, e.actor?.name ?? ""), h("td.comment", null, e.comment ?? e.detail?.why ?? ""));
}

function subject(e) {
  if (e.rule) return e.rule;
  if (e.event === "live-level") return said(state.places.get(e.installation ?? "") ?? { name: e.installation || t("site") }, "name");
  return e.tag ?? e.detail?.who ?? "";
}
