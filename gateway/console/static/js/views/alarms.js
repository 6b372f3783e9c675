// Open alarms. The list stands still under the pointer, and what is acknowledged is what was on the screen.

import { h, klass, put, segments, text } from "../dom.js";
import { t } from "../i18n.js";
import { alarmRow, sightOf } from "./alarm_row.js";
import { detail } from "./alarm_detail.js";
import { acknowledge, moved } from "./acknowledge.js";
import { arrange, branches, kinds } from "../order.js";
import { now, on, state } from "../state.js";
import { typing } from "../keys.js";
import { watch } from "../delivery.js";
import { flood } from "../groups.js";
import { grouping, inOrder, layOut } from "./alarm_group.js";
import { shelve } from "./alarm_dialogs.js";

const MOST_ROWS = 300; // what "all in view" can mean
const [FIRST_ROWS, STEP_ROWS, STEP_MS] = [40, 65, 50]; // in a flood the top is read while the rest is drawn
const HOLD = 8000; // ms after the pointer last moved: nobody is about to click any more

export function mount(root) {
  const list = new List(root);
  const ends = [on("alarms levels table link", () => list.refresh()), on("tags second", (kind) => list.tick(kind))];
  ends.push(watch(), on("delivery", () => list.sent()), () => clearTimeout(list.growing), () => list.sight.disconnect());
  return () => ends.forEach((end) => end());
}

class List {
  constructor(root) {
    this.rows = new Map(); // id -> row
    this.shown = [];
    this.picked = new Set();
    this.done = new Map(); // id -> the n acknowledged from here, until the stream says so too
    this.current = null;
    this.kind = "all";
    this.byCause = false;
    this.old = null; // ids that were there when the list was first drawn
    this.turned = -Infinity; // performance.now() when the detail beside it became another alarm's by itself
    this.heads = new Map(); // key -> row above a group
    this.still = 0; // performance.now() until which the order is held
    this.room = FIRST_ROWS;
    this.build(root);
    this.refresh();
  }

  build(root) {
    this.comment = h("input", { type: "text", id: "comment", maxlength: 500, placeholder: t("alarms.comment"), "aria-label": t("alarms.comment") });
    this.ackPicked = h("button", { type: "button", id: "ack-picked", onclick: () => this.act([...this.picked]) });
    this.ackAll = h("button", { type: "button", id: "ack-all", onclick: () => this.act(this.shown) });
    this.away = h("button", { type: "button", id: "shelve-picked", onclick: () => this.shelve() }, t("step.do.shelve"));
    this.group = h("button", { type: "button", id: "by-cause", "aria-pressed": "false", onclick: () => this.group_() });
    this.note = h("button.note", { type: "button", id: "fresh", onclick: () => this.release() });
    this.body = h("tbody");
    this.empty = h("p.empty");
    this.side = h("aside.detail", { "aria-live": "off" });
    const columns = ["pick", "level", "state", "tag", "value", "quality", "age", "place", "act"];
    this.table = h("div.scroll", { tabindex: 0, id: "alarm-list", "aria-label": t("nav.alarms") },
      h("table", null, h("thead", null, h("tr", null, columns.map((c) => h(`th.${c}`, { scope: "col" }, t(`alarms.${c}`))))), this.body), this.empty);
    this.sight = sightOf(this.table);
    put(root, h("div.toolbar", null,
      segments(t("alarms.filter"), Object.keys(kinds).map((k) => [k, t(`alarms.kind.${k}`)]), this.kind, (k) => { this.kind = k; this.release(); }),
      this.group, this.note, h("div.space"), this.comment, this.away, this.ackPicked, this.ackAll),
    h("div.split", null, this.table, this.side));
    for (const el of [this.table, this.side]) {
      for (const name of ["pointermove", "pointerdown", "wheel", "keydown"]) el.addEventListener(name, () => this.hold(), { passive: true });
      el.addEventListener("pointerleave", () => this.release());
    }
    root.addEventListener("keydown", (event) => this.key(event));
  }

  get held() {
    return performance.now() < this.still;
  }

  hold() {
    this.still = performance.now() + HOLD;
  }

  release() {
    this.still = 0;
    this.refresh();
  }

  refresh() {
    if (state.status) this.old ??= new Set(state.alarms.keys());
    const inView = new Map([...state.alarms].filter(([, a]) => kinds[this.kind](a)));
    const { ids, fresh } = arrange(this.shown, inView, this.held, inOrder(grouping(this.kind, this.byCause)));
    const more = Math.max(0, ids.length - MOST_ROWS);
    this.shown = ids.slice(0, this.room);
    this.grow(ids.length > this.room && this.room < MOST_ROWS);
    this.draw(branches(state.alarms));
    text(this.note, fresh ? t("alarms.fresh", { n: fresh }) : this.held ? t("alarms.held") : "");
    klass(this.note, `note${fresh ? " waits" : ""}`);
    text(this.empty, more ? t("alarms.more", { n: more, shown: MOST_ROWS }) : this.shown.length ? "" : t("alarms.none"));
    this.buttons();
  }

  grow(more) {
    clearTimeout(this.growing);
    if (more) this.growing = setTimeout(() => { this.room += STEP_ROWS; this.refresh(); }, STEP_MS);
  }

  draw(grouped) {
    const wanted = new Set(this.shown), first = !this.rows.size;
    for (const [id, row] of this.rows) if (!wanted.has(id)) { this.sight.unobserve(row.el); row.el.remove(); this.rows.delete(id); this.picked.delete(id); this.done.delete(id); }
    this.shown.forEach((id, i) => {
      const row = this.rows.get(id) ?? this.newRow(id);
      if (row.place !== i) [row.place, row.movedAt] = [i, first ? -Infinity : performance.now()];
      row.update(state.alarms.get(id), grouped.get(id));
    });
    layOut(this.body, this.shown, this.rows, this.heads, grouping(this.kind, this.byCause));
    if (!this.rows.has(this.current)) [this.current, this.turned] = [this.shown[0] ?? null, first ? -Infinity : performance.now()];
    this.point(this.current);
  }

  group_() {
    this.group.setAttribute("aria-pressed", String(this.byCause = !this.byCause));
    this.release();
  }

  sent() {
    for (const row of this.rows.values()) if (row.alarm) row.sent();
    this.point(this.current);
  }

  shelve() {
    const seen = (this.picked.size ? [...this.picked] : [this.current]).map((id) => this.rows.get(id)?.seen()).filter(Boolean);
    if (seen.length) shelve(seen);
  }

  newRow(id) {
    const row = alarmRow({
      pick: (on_) => { this.picked[on_ ? "add" : "delete"](id); this.buttons(); },
      act: () => this.act([id]), point: () => this.point(id), moved: (event) => moved(event, row.movedAt),
    });
    if (!this.old?.has(id)) row.bornAt = performance.now();
    this.rows.set(id, row);
    this.sight.observe(row.el);
    return row;
  }

  point(id) {
    this.current = id;
    for (const [key, row] of this.rows) row.el.classList.toggle("current", key === id);
    detail(this.side, state.alarms.get(id), (event) => moved(event, this.turned) || this.act([id]));
  }

  tick(kind) {
    if (state.lost) return;
    for (const row of this.rows.values()) row.tick(kind);
    if (kind === "second" && this.still && !this.held) this.release();
  }

  buttons() {
    const open = this.shown.filter((id) => state.alarms.get(id)?.acknowledgement === "unacknowledged").length;
    const many = flood(state.alarms.values(), now());
    text(this.group, many.is ? t("alarms.flood", { n: many.n }) : t("alarms.bycause"));
    klass(this.group, many.is ? "flood" : "");
    text(this.ackPicked, t("alarms.ackpicked", { n: this.picked.size }));
    text(this.ackAll, t("alarms.ackall", { n: open }));
    this.ackPicked.disabled = state.lost || !this.picked.size;
    this.ackAll.disabled = state.lost || !open;
  }

  async act(ids) {
    const seen = ids.map((id) => this.rows.get(id)?.seen()).filter((s) => s && this.waits(s));
    const taken = await acknowledge(seen, this.comment.value.trim());
    if (!taken.length) return;
    for (const { id, n } of taken) this.done.set(id, n);
    this.comment.value = "";
    this.picked.clear();
    for (const row of this.rows.values()) row.unpick();
    this.buttons();
  }

  waits({ id, n }) {
    return state.alarms.get(id)?.acknowledgement === "unacknowledged" && !(this.done.get(id) >= n);
  }

  key(event) {
    if (typing(event)) return;
    const at = this.shown.indexOf(this.current), row = this.rows.get(this.current);
    const acts = {
      h: () => this.shelve(), g: () => this.group_(),
      ArrowDown: () => this.move(at + 1), j: () => this.move(at + 1), ArrowUp: () => this.move(at - 1), k: () => this.move(at - 1),
      " ": () => row?.toggle(), x: () => row?.toggle(), t: () => row?.trend(), A: () => this.act(this.shown),
      a: () => this.act(this.picked.size ? [...this.picked] : [this.current]),
    };
    if (!acts[event.key] || (event.key === " " && event.target.matches("button, a, input"))) return;
    event.preventDefault();
    this.hold();
    acts[event.key]();
  }

  move(to) {
    const id = this.shown[Math.min(this.shown.length - 1, Math.max(0, to))];
    if (id === undefined) return;
    this.point(id);
    this.rows.get(id).el.scrollIntoView({ block: "nearest" });
  }
}
