// The journal: newest first as it grows, or what fits a search; the same as CSV. Records are shown as they were hashed.

import { h, put, toast } from "../dom.js";
import { has, said, t } from "../i18n.js";
import { get } from "../api.js";
import { plain, stamp } from "../format.js";
import { spoken } from "../phrases.js";
import { mark } from "../marks.js";
import { about, now, on, state } from "../state.js";

const PAGE = 100;
const COLUMNS = ["seq", "time", "event", "level", "tag", "value", "actor", "comment"];
const KINDS = ["raised", "cleared", "acknowledged", "unknown", "shelved", "disposal-closed", "false-alarm", "card-step", "manual-reading", "loop-tested", "config-changed", "access", "gap", "started"];
const LEVELS = ["red", "orange", "yellow", "blue"];
const DAYS = [1, 7, 30, 365];

export function mount(root, { query }) {
  const tail = new Tail(root, query);
  return on("status alarms levels", () => tail.follow());
}

class Tail {
  constructor(root, query) {
    Object.assign(this, { last: null, next: null, busy: false });
    const changed = () => this.again(), any = (words) => [["", `${words}: ${t("events.any")}`]];
    const select = (id, words, options) => h("select", { id, "aria-label": words, onchange: changed }, [...any(words), ...options].map(([value, text]) => h("option", { value, selected: query.get(id) === value }, text)));
    this.text = h("input", { type: "search", id: "text", placeholder: t("events.search"), "aria-label": t("events.search"), value: query.get("text") ?? "", onchange: changed });
    this.event = select("event", t("events.event"), KINDS.map((k) => [k, has(`event.${k}`) ? t(`event.${k}`) : k]));
    this.level = select("level", t("events.level"), LEVELS.map((l) => [l, t(`level.${l}`)]));
    this.place = select("installation", t("tags.place"), state.levels.filter((l) => l.installation).map((l) => [l.installation, said(l, "name")]));
    this.days = select("days", t("events.since"), DAYS.map((d) => [String(d), t("step.days", { n: d })]));
    this.body = h("tbody");
    this.more = h("button", { type: "button", id: "earlier", onclick: () => this.earlier() }, t("events.earlier"));
    this.csv = h("a.button", { id: "export", download: "events.csv", onclick: () => this.link() }, t("trend.csv"));
    this.empty = h("p.empty");
    put(root, h("div.toolbar", null, this.text, this.event, this.level, this.place, this.days, h("div.space"), this.csv, this.more),
      h("div.scroll", { tabindex: 0, id: "event-list", "aria-label": t("nav.events") }, h("table", null,
        h("thead", null, h("tr", null, COLUMNS.map((c) => h(`th.${c}`, { scope: "col" }, t(`events.${c}`))))), this.body), this.empty));
    this.again();
  }

  get asked() {
    const found = { text: this.text.value.trim(), event: this.event.value, level: this.level.value, installation: this.place.value };
    if (this.days.value) found.start = String(Math.round(now() - Number(this.days.value) * 86400e3));
    return new URLSearchParams(Object.entries(found).filter(([, value]) => value));
  }

  /** The export is of what is asked now, and the address opens the same search again. */
  link() {
    const chosen = [this.text, this.event, this.level, this.place, this.days].map((el) => [el.id, el.value.trim()]).filter(([, value]) => value);
    this.csv.href = `/api/v1/events/export.csv?${this.asked}`;
    history.replaceState(null, "", `#/events${chosen.length ? `?${new URLSearchParams(chosen)}` : ""}`);
  }

  async again() {
    this.link();
    await this.fetch("", (found) => {
      put(this.body, found.events.map(row));
      this.last = found.head;
      put(this.empty, found.events.length ? "" : t(found.next ? "events.further" : "events.none"));
    });
  }

  earlier() {
    return this.next && this.fetch(`&before=${this.next}`, (found) => this.body.append(...found.events.map(row)));
  }

  /** What came since the newest row; one request at a time. */
  async follow() {
    if (this.busy || state.lost || this.last === null || state.status?.seq === this.last) return;
    await this.fetch("", (found) => {
      if (found.next > this.last + 1) [this.body.textContent, this.next] = ["", found.next]; // more came than one answer holds: no hole
      this.body.prepend(...found.events.filter((e) => e.seq > this.last).map(row));
      this.last = found.head;
      if (found.events.length) put(this.empty);
    }, true);
  }

  async fetch(more, take, quiet = false) {
    if (this.busy) return;
    this.busy = true;
    try {
      const found = await get(`/api/v1/events/search?${this.asked}&limit=${PAGE}${more}`);
      take(found);
      if (!quiet) this.next = found.next;
      this.more.disabled = !this.next;
    } catch (fault) {
      if (!state.lost && !quiet) toast(t("act.failed", { reason: fault.message }), true); // lost: the banner says so
    } finally {
      this.busy = false;
    }
  }
}

function row(e) {
  const level = e.level ?? e.detail?.level, known = LEVELS.includes(level);
  return h(`tr${e.stage === "shadow" ? ".shadow" : ""}`, { "data-seq": e.seq },
    h("td.seq", null, String(e.seq)), h("td.time", null, stamp(Date.parse(e.time))),
    h("td.event", null, has(`event.${e.event}`) ? t(`event.${e.event}`) : e.event),
    h("td.level", null, known ? mark(level, "hollow") : has(`live.${level}`) ? t(`live.${level}`) : ""),
    h("td.tag", null, h("b", null, subject(e)), h("div", null, e.description ? about(e) : "")),
    h("td.value", null, e.value === undefined ? "" : `${plain(e.value)} ${e.unit ?? ""}`),
    h("td.actor", null, e.actor ? h("span", null, e.actor.name) : "", e.actor ? h("div", null, [has(`role.${e.actor.role}`) ? t(`role.${e.actor.role}`) : e.actor.role, e.actor.workstation].filter(Boolean).join(" · ")) : null),
    h("td.comment", null, e.comment || detail(e)));
}

/** The words of an event that has no comment: why, what, which step. */
function detail({ event, detail: d }) {
  if (!d) return "";
  if (event === "gap") return `${d.who}: ${spoken(d.why)}${d.count ? ` (${d.count})` : ""}`;
  const what = has(`access.${d.what}`) ? t(`access.${d.what}`) : d.what, why = d.why ?? d.reason ?? d.note;
  return why ? spoken(why) : d.text ?? [what, d.account, d.name, d.from].filter(Boolean).join(" ");
}

function subject(e) {
  if (e.rule) return e.rule;
  if (e.event === "live-level") return said(state.places.get(e.installation ?? "") ?? { name: e.installation || t("site") }, "name");
  return e.tag ?? e.detail?.who ?? "";
}
