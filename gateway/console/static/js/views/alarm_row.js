// One row of the alarm list, updated in place.

import { h, klass, put, text } from "../dom.js";
import { said, t } from "../i18n.js";
import { age, clock, number, plain, qualityWords } from "../format.js";
import { deliveryOf } from "../delivery.js";
import { alarmStyle, mark, qualityMark } from "../marks.js";
import { about, now, state, tagOf } from "../state.js";

const TO_SEE = 400; // ms a change must have been on the screen before it counts as seen
const CODES = { good: 0, uncertain: 64, bad: 128 };

/** {el, update, tick, seen, ...}. `acts`: pick(on), act(), point(), moved(event): it came under the finger just now. */
export function alarmRow(acts) {
  return new Row(acts);
}

/** Watches which rows are in sight of `root`: only these move by themselves, of three hundred a dozen. */
export function sightOf(root) {
  return new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => target.row?.show(isIntersecting)), { root, rootMargin: "100px" });
}

class Row {
  constructor(acts) {
    this.insight = true; // until the browser says otherwise
    this.alarm = null;
    this.shownN = [0, 0]; // the n before the last change, and now
    this.shownAt = 0;
    this.bornAt = -Infinity; // performance.now() when an alarm that is new came on the screen
    const names = ["pick", "level", "state", "tag", "value", "quality", "age", "place", "act"];
    this.cells = Object.fromEntries(names.map((name) => [name, h(`td.${name}`)]));
    this.box = h("input", { type: "checkbox", tabindex: -1, onclick: (event) => acts.moved(event) && event.preventDefault(), onchange: () => acts.pick(this.box.checked) });
    this.button = h("button.ack", { type: "button", tabindex: -1, onclick: (event) => acts.moved(event) || acts.act() }, t("act.ack"));
    this.live = h("b");
    this.age = h("time");
    this.way = h("div.way");
    this.cells.pick.append(this.box);
    this.el = h("tr", { onpointerdown: acts.point }, Object.values(this.cells));
    this.el.row = this;
  }

  update(alarm, branch) {
    if (!alarm) return this.gone();
    if (alarm === this.alarm && String(branch) === this.branch) return undefined;
    if (alarm.n !== this.shownN[1]) {
      this.shownN = [this.alarm ? this.shownN[1] : alarm.n, alarm.n];
      this.shownAt = performance.now();
    }
    this.alarm = alarm;
    this.branch = String(branch);
    this.draw(branch);
    return this.tick("tags");
  }

  draw(branch) {
    const a = this.alarm, c = this.cells, unack = a.acknowledgement === "unacknowledged";
    klass(this.el, ["alarm", a.level, a.condition, unack ? "unack" : "acked", a.fault ? "fault" : "process", a.shadow ? "shadow" : ""].join(" ").trim());
    this.el.dataset.id = a.id;
    this.box.setAttribute("aria-label", t("alarms.pickone", { tag: a.tag }));
    put(c.level, mark(a.level, alarmStyle(a)), h("span", null, t("priority", { n: a.priority })));
    put(c.state, h("b", null, t(`condition.${a.condition}`)), h("span", null, t(`ack.${a.acknowledgement}`)),
      a.latch === "latched" ? h("span", null, t("latched")) : null);
    put(c.tag, h("b", null, a.tag), h("span.rule", null, a.name), h("span.chips", null, this.chips(branch)), h("div", null, about(a)));
    put(c.value, this.live, h("small", null, a.unit), h("div", null, a.limit === null ? "" : t("alarms.limit", { limit: plain(a.limit), unit: a.unit })));
    put(c.age, this.age, h("div", null, clock(a.raisedMs)));
    put(c.place, said(state.places.get(a.installation) ?? { name: a.installation }, "name"), this.way);
    this.sent();
    put(c.act, h("abbr.isa", { title: t(`isa.${a.isa}`) }, a.isa), unack ? this.button : h("span.by", null, a.acknowledged_by?.name ?? ""));
    text(this.age, age(now() - a.raisedMs));
  }

  chips(branch) {
    const a = this.alarm;
    return [
      a.first_out ? h("i.chip.first", { title: t("alarms.firstwhy") }, t("alarms.first")) : null,
      a.fault ? h("i.chip.fault", null, t(`kind.${a.kind}`)) : null,
      a.members.length ? h("i.chip", null, t("alarms.members", { n: a.members.length })) : null,
      branch ? h("i.chip.branch", { title: t("alarms.branchwhy") }, t("alarms.branch", { k: branch[0], m: branch[1] })) : null,
      a.shadow ? h("i.chip.shadow", { title: t("shadow.why") }, t("shadow")) : null,
      a.suppression !== "none" ? h("i.chip", null, t(`suppression.${a.suppression}`)) : null,
    ];
  }

  /** How far it has come on its way out; plain where nothing is sent. */
  sent() {
    const { stage } = deliveryOf(this.alarm.id);
    klass(this.way, `way ${stage}`);
    text(this.way, stage === "none" ? "" : t(`delivery.${stage}`));
  }

  /** The value now (not that of the alarm) and the age move by themselves. */
  tick(kind) {
    const a = this.alarm;
    if (!a || !this.insight || this.el.classList.contains("gone")) return;
    if (kind === "second") return text(this.age, age(now() - a.raisedMs));
    const i = state.index.get(a.tag), tag = tagOf(a.tag);
    text(this.live, i === undefined ? (a.value === null ? "" : plain(a.value)) : number(state.value[i], tag, state.quality[i]));
    const code = i === undefined ? CODES[a.quality_status] : state.quality[i];
    if (code === this.code) return undefined;
    this.code = code;
    return put(this.cells.quality, h("div", null, qualityMark(code), h("span", null, i === undefined ? t(`standing.${a.quality_status}`) : qualityWords(code))));
  }

  show(insight) {
    this.insight = insight;
    if (!insight) return;
    this.tick("second");
    this.tick("tags");
  }

  gone() {
    if (this.el.classList.contains("gone")) return;
    this.el.classList.add("gone");
    put(this.cells.state, h("b", null, t("closed")));
    put(this.cells.act);
    this.unpick();
  }

  /** What a person can have seen of it; null: nothing yet. */
  seen() {
    const at = performance.now(), n = at - this.shownAt < TO_SEE ? this.shownN[0] : this.shownN[1];
    return this.alarm && at - this.bornAt >= TO_SEE ? { id: this.alarm.id, n } : null;
  }

  toggle() {
    this.box.click();
  }

  unpick() {
    this.box.checked = false;
  }

  trend() {
    if (tagOf(this.alarm?.tag)) location.hash = `#/trend/${encodeURIComponent(this.alarm.tag)}`;
  }
}
