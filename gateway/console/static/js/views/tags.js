// All tags. Only the rows in sight exist: a thousand tags cost as much as thirty.

import { h, klass, put, segments, text } from "../dom.js";
import { said, t } from "../i18n.js";
import { age, number, qualityWords, standing } from "../format.js";
import { qualityMark } from "../marks.js";
import { now, on, state } from "../state.js";

const HEIGHT = 34; // as in views.css
const SPARE = 4;
const COLUMNS = ["id", "description", "value", "unit", "quality", "age", "place"];
const kinds = { all: () => true, odd: (i) => state.quality[i] >= 64, limits: (i) => state.tags[i].limits.length > 0 };

export function mount(root) {
  const table = new Table(root);
  const ends = [on("tags", () => table.values()), on("second", () => table.ages()), on("table", () => table.filter())];
  return () => { ends.forEach((end) => end()); table.sight.disconnect(); };
}

class Table {
  constructor(root) {
    this.kind = "all";
    this.found = [];
    this.pool = [];
    this.search = h("input", { type: "search", placeholder: t("tags.search"), "aria-label": t("tags.search"), oninput: () => this.filter() });
    this.place = h("select", { "aria-label": t("tags.place"), onchange: () => this.filter() }, h("option", { value: "" }, t("tags.everyplace")),
      state.levels.filter((l) => l.installation).map((l) => h("option", { value: l.installation }, said(l, "name"))));
    this.count = h("span.muted");
    this.canvas = h("div.canvas");
    this.scroll = h("div.scroll", { tabindex: 0, id: "tag-list", role: "table", "aria-label": t("nav.tags"), onscroll: () => this.draw() },
      h("div.taghead", { role: "row" }, COLUMNS.map((c) => h(`span.${c}`, { role: "columnheader" }, t(`tags.${c}`)))), this.canvas);
    put(root, h("div.toolbar", null, this.search, this.place,
      segments(t("tags.filter"), Object.keys(kinds).map((k) => [k, t(`tags.kind.${k}`)]), this.kind, (k) => { this.kind = k; this.filter(); }),
      h("div.space"), this.count), this.scroll);
    this.sight = new ResizeObserver(() => this.draw());
    this.sight.observe(this.scroll);
    this.filter();
  }

  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean), place = this.place.value;
    this.found = state.tags.map((_, i) => i).filter((i) => {
      const tag = state.tags[i];
      if (place && tag.installation !== place) return false;
      const hay = `${tag.id} ${tag.raw} ${tag.description} ${tag.description_en} ${tag.class}`.toLowerCase();
      return kinds[this.kind](i) && words.every((w) => hay.includes(w));
    });
    this.canvas.style.height = `${this.found.length * HEIGHT}px`;
    text(this.count, t("tags.count", { n: this.found.length, all: state.tags.length }));
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / HEIGHT) - SPARE);
    const wanted = Math.min(this.found.length - first, Math.ceil(this.scroll.clientHeight / HEIGHT) + 2 * SPARE);
    while (this.pool.length < wanted) this.pool.push(this.row());
    this.pool.forEach((row, k) => {
      const i = k < wanted ? this.found[first + k] : undefined;
      row.el.hidden = i === undefined;
      if (i === undefined) return;
      row.el.style.top = `${(first + k) * HEIGHT}px`;
      row.show(i);
    });
  }

  row() {
    const row = new Row();
    this.canvas.append(row.el);
    return row;
  }

  values() {
    if (this.kind === "odd") this.filter();
    else for (const row of this.pool) if (!row.el.hidden) row.value();
  }

  ages() {
    if (!state.lost) for (const row of this.pool) if (!row.el.hidden) row.age();
  }
}

class Row {
  constructor() {
    this.cells = Object.fromEntries(COLUMNS.map((c) => [c, h(`span.${c}`, { role: "cell" })]));
    this.el = h("a.tagrow", { role: "row" }, Object.values(this.cells));
    this.i = -1;
    this.code = -1;
  }

  show(i) {
    if (i !== this.i || state.tags[i] !== this.tag) {
      this.i = i;
      this.tag = state.tags[i];
      this.el.href = `#/trend/${encodeURIComponent(this.tag.id)}`;
      text(this.cells.id, this.tag.raw);
      text(this.cells.description, said(this.tag, "description"));
      text(this.cells.unit, this.tag.unit);
      text(this.cells.place, said(state.places.get(this.tag.installation) ?? { name: this.tag.installation }, "name"));
    }
    this.value();
    this.age();
  }

  value() {
    const code = state.quality[this.i] ?? 128;
    text(this.cells.value, number(state.value[this.i], this.tag, code));
    if (code === this.code) return;
    this.code = code;
    klass(this.el, `tagrow ${standing(code)}`);
    put(this.cells.quality, qualityMark(code), qualityWords(code));
  }

  age() {
    const at = state.at[this.i];
    text(this.cells.age, at ? age(now() - at) : t("never"));
    this.cells.age.classList.toggle("old", Boolean(at) && this.tag.max_age_s > 0 && now() - at > this.tag.max_age_s * 1000);
  }
}
