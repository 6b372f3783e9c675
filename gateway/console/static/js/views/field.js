// The field and the way out: lines and devices, tag by tag what was read last, outputs with what waits and what was refused,
// and the gateway's own clock, disk and certificate.

import { h, put, text, toast } from "../dom.js";
import { has, said, t } from "../i18n.js";
import { spoken, trouble } from "../phrases.js";
import { get, send } from "../api.js";
import { age, bytes, clock, NONE, number, plain, qualityWords, stamp } from "../format.js";
import { qualityMark } from "../marks.js";
import { now, on, state } from "../state.js";
import { delivery, watch } from "../delivery.js";
import { may } from "../session.js";
import { actor } from "../who.js";

const EVERY_MS = 5000;
const LATE = 1.1; // a cycle this much longer than its period is odd
const LEAST_DAYS = 30;

export function mount(root) {
  const parts = Object.fromEntries(["lines", "outputs", "letters", "own", "tags"].map((name) => [name, h("section.panel", { id: `field-${name}` })]));
  put(root, h("div.fieldpage", null, parts.lines, h("div.side", null, parts.own, parts.outputs, parts.letters), parts.tags));
  let chosen = null, timer = 0, over = false;
  const choose = (id) => { chosen = chosen === id ? null : id; tags(parts.tags, chosen); look(); };
  async function look() {
    clearTimeout(timer);
    try {
      const [links, letters] = await Promise.all([get("/api/v1/links"), get("/api/v1/dead-letters")]);
      lines(parts.lines, links.links, chosen, choose);
      refused(parts.letters, letters.letters, look);
      await raws(parts.tags);
    } catch (fault) {
      if (!state.lost) toast(t("act.failed", { reason: fault.message }), true);
    }
    if (!over) timer = setTimeout(look, EVERY_MS);
  }
  const rest = () => { own(parts.own); outputs(parts.outputs); };
  rest();
  tags(parts.tags, chosen);
  look();
  const ends = [on("status delivery", rest), on("tags", () => tags(parts.tags, chosen)), on("second", () => moving(parts.tags)), watch()];
  return () => { over = true; clearTimeout(timer); ends.forEach((end) => end()); };
}

function table(head, rows) {
  return h("div.scroll", null, h("table", null, h("thead", null, h("tr", null, head.map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", null, rows)));
}

function lines(el, found, chosen, choose) {
  put(el, h("h2", null, t("links.title")), found.length ? table(["field.link", "field.state", "field.requests", "field.reply", "field.cycle", "field.errors"], found.map((l) => lineRow(l, l.link === chosen, choose))) : h("p.empty", null, t("field.nolinks")));
}

function lineRow(l, chosen, choose) {
  const cycles = Object.entries(l.cycles).filter(([, achieved]) => achieved);
  const wrong = Object.entries(l.errors).filter(([, count]) => count);
  const late = cycles.some(([period, achieved]) => achieved > LATE * Number(period));
  return h(`tr.line${l.up === false ? ".down" : ""}${chosen ? ".current" : ""}`, null,
    h("td", null, h("button.plain", { type: "button", "aria-pressed": String(chosen), onclick: () => choose(l.link) }, l.parent ? `└ ${l.link}` : l.link), h("div.muted", null, l.description === l.link ? "" : l.description)),
    h("td", null, h(`b.${l.up === false ? "odd" : "plain"}`, null, t(l.up === null ? "links.unheard" : l.up ? "links.up" : "links.down"))),
    h("td", null, `${l.replies} / ${l.requests}`), h("td", null, l.replies ? `${Math.round(l.reply_s * 1000)} ms (${Math.round(l.reply_max_s * 1000)})` : NONE),
    h(`td${late ? ".odd" : ""}`, null, cycles.map(([period, achieved]) => h("div", null, t("links.cycle", { period, achieved: achieved.toFixed(2) }))), l.overdue ? h("div", null, t("links.overdue", { n: l.overdue })) : null),
    h(`td${wrong.length ? ".odd" : ""}`, null, wrong.map(([kind, n]) => h("div", null, t(`links.${kind}`, { n })))));
}

/** What hangs on a line, or (no line chosen) what is not good anywhere: last reading, how old, why not. */
function tags(el, link) {
  const rows = state.tags.map((_, i) => i).filter((i) => (link ? state.tags[i].links.includes(link) : state.quality[i] >= 64)).slice(0, 300);
  if (el.dataset.rows === `${link} ${rows}` && el.childElementCount) return moving(el);
  el.dataset.rows = `${link} ${rows}`;
  put(el, h("h2", null, link ? t("field.tagsof", { link }) : t("field.oddtags")), rows.length ? table(["tags.id", "tags.description", "tags.value", "tags.quality", "field.raw", "field.last", "field.address"], rows.map(tagRow)) : h("p.empty", null, t(link ? "field.notags" : "field.allgood")));
  return moving(el);
}

function tagRow(i) {
  const tag = state.tags[i];
  return h("tr", { "data-row": i }, h("td", null, h("a", { href: `#/trend/${encodeURIComponent(tag.id)}` }, h("b", null, tag.raw))), h("td", null, said(tag, "description")),
    h("td.value", null, ""), h("td.quality", null, ""), h("td.raw", null, ""), h("td.last", null, ""), h("td.muted", null, tag.links.join(" › ")));
}

/** What was on the wire, out of the last poll: registers, the number they mean, and how it becomes the value. */
async function raws(el) {
  const rows = new Map([...el.querySelectorAll("tr[data-row]")].map((tr) => [state.tags[Number(tr.dataset.row)]?.id, tr]));
  if (!rows.size || state.lost) return;
  for (const r of (await get(`/api/v1/raw?tags=${encodeURIComponent([...rows.keys()].join(","))}`)).tags) {
    const cell = rows.get(r.tag).querySelector(".raw"), number = r.number === null ? "" : `= ${plain(r.number)} ${r.scale}`;
    put(cell, h("code", null, r.raw), r.raw ? ` ${number}` : "", h("div.muted", null, [r.address, r.note && t(`raw.${r.note}`)].filter(Boolean).join(" · ")));
  }
}

function moving(el) {
  if (state.lost) return;
  for (const tr of el.querySelectorAll("tr[data-row]")) {
    const i = Number(tr.dataset.row), code = state.quality[i] ?? 128, at = state.at[i];
    text(tr.querySelector(".value"), `${number(state.value[i], state.tags[i], code)} ${state.tags[i].unit}`);
    if (tr.dataset.code !== String(code)) put(tr.querySelector(".quality"), h("div", null, qualityMark(code), ` ${qualityWords(code)}`));
    tr.dataset.code = code;
    text(tr.querySelector(".last"), at ? `${stamp(at)} · ${age(now() - at)}` : t("never"));
  }
}

function outputs(el) {
  const { backlog } = state.status ?? { backlog: {} };
  const names = [...new Set([...Object.keys(backlog), ...Object.keys(delivery.outputs)])].sort();
  put(el, h("h2", null, t("field.outputs")), names.length ? table(["field.output", "field.waiting", "field.ends"], names.map((name) => h("tr", null,
    h("td", null, name), h(`td${backlog[name] ? ".odd" : ""}`, null, String(backlog[name] ?? 0)), h("td", null, delivery.outputs[name] ? t(`delivery.${delivery.outputs[name]}`) : NONE)))) : h("p.empty", null, t("gateway.nooutputs")));
}

function refused(el, letters, again) {
  const mine = may("commands/retry");
  put(el, h("header", null, h("h2", null, t("field.letters", { n: letters.length })), h("div.space"),
    mine && letters.length ? h("button", { type: "button", id: "retry", onclick: () => retry(letters, again) }, t("field.retry")) : null),
  letters.length ? table(["field.output", "events.time", "field.reason"], letters.slice(0, 50).map((x) => h("tr", null, h("td", null, x.output), h("td", null, stamp(Date.parse(x.time))), h("td", null, spoken(x.reason))))) : h("p.empty", null, t("field.noletters")));
}

async function retry(letters, again) {
  const who = await actor("commands/retry");
  if (!who) return;
  try {
    const done = await send("POST", "/api/v1/commands/retry", { letters: letters.map((x) => x.id), ...who });
    toast(t("field.given", { n: done.given }));
  } catch (fault) {
    toast(t("act.failed", { reason: fault.message }), true);
  }
  again();
}

function own(el) {
  const s = state.status;
  if (!s) return;
  const offset = s.clock_offset_s, days = s.disk_days, certificate = s.certificate_days;
  const rows = [
    ["state", t(`state.${s.state}`), s.state !== "online"], ["unsent", s.oldest_unsent_alarm ? age(now() - Date.parse(s.oldest_unsent_alarm)) : t("gateway.nounsent"), Boolean(s.oldest_unsent_alarm)],
    ["disk", s.disk_free ? bytes(s.disk_free) : NONE, false], ["diskdays", days === null || days === undefined ? t("unknown") : t("gateway.days", { n: Math.floor(days) }), days !== null && days < LEAST_DAYS],
    ["durable", t(s.durable ? "yes" : "no"), !s.durable], ["clock", offset === null ? t("unknown") : t("gateway.offset", { ms: Math.round(offset * 1000) }), Math.abs(offset ?? 0) > 1],
    ["certificate", certificate === null ? t("gateway.nocertificate") : t("gateway.days", { n: certificate }), certificate !== null && certificate < LEAST_DAYS],
    ["started", stamp(Date.parse(s.started)), false], ["journal", `${s.seq} · ${s.hash.slice(-8)}`, false], ["version", `${s.version} · ${s.config.slice(0, 8)}`, false],
  ];
  put(el, h("h2", null, t("gateway.title"), " ", s.gateway), h("dl.facts", null, rows.flatMap(([key, value, odd]) => [h("dt", null, t(`gateway.${key}`)), h(`dd${odd ? ".odd" : ""}`, null, value)])),
    h("ul.troubles", null, s.troubles.map((words) => h("li", { title: words }, trouble(words)))), h("p.muted", null, clock(now())));
}
