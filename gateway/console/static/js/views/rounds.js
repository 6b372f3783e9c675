// The round through the plant: readings taken by hand, by whom and when, beside what the online instrument of the same point says.

import { h, put, toast } from "../dom.js";
import { said, t } from "../i18n.js";
import { act, get } from "../api.js";
import { dialog, field } from "../forms.js";
import { age, local, NONE, number, plain, qualityWords, stamp, utc } from "../format.js";
import { qualityMark } from "../marks.js";
import { now, on, state } from "../state.js";
import { actor } from "../who.js";

const MOST = 100;

export function mount(root) {
  const tags = h("section.panel", { id: "round-tags" }), book = h("section.panel", { id: "round-book" });
  put(root, tags, book);
  let seq = -1;
  const look = async () => {
    if (state.lost || state.status?.seq === seq) return;
    seq = state.status?.seq ?? -1;
    try {
      readings(book, (await get(`/api/v1/events/search?event=manual-reading&limit=${MOST}`)).events);
    } catch (fault) {
      put(book, h("p.wrong", null, fault.message));
    }
  };
  list(tags);
  look();
  const ends = [on("link", () => list(tags)), on("tags second", () => moving(tags)), on("status alarms link", look)];
  return () => ends.forEach((end) => end());
}

const table = (head, rows) => h("div.scroll", { tabindex: 0 }, h("table", null, h("thead", null, h("tr", null, head.map((key) => h("th", { scope: "col" }, key ? t(key) : "")))), h("tbody", null, rows)));

function list(el) {
  const rows = state.tags.map((_, i) => i).filter((i) => state.tags[i].manual);
  put(el, h("h2", null, t("rounds.title")), rows.length ? table(["tags.id", "tags.description", "rounds.last", "tags.age", "rounds.online", ""], rows.map(row)) : h("p.empty", null, t("rounds.none")));
  moving(el);
}

function row(i) {
  const tag = state.tags[i];
  return h("tr", { "data-row": i }, h("td", null, h("b", null, tag.raw)), h("td", null, said(tag, "description")), h("td.value", null, ""), h("td.last", null, ""), h("td.twin", null, ""),
    h("td", null, h("button", { type: "button", "data-enter": tag.id, disabled: state.lost, onclick: () => enter(tag) }, t("rounds.enter"))));
}

function moving(el) {
  if (state.lost) return;
  for (const tr of el.querySelectorAll("tr[data-row]")) {
    const i = Number(tr.dataset.row), tag = state.tags[i], twin = state.index.get(tag.twin), at = state.at[i];
    put(tr.querySelector(".value"), value(i));
    const due = !at || now() - at > tag.max_age_s * 1000;
    put(tr.querySelector(".last"), at ? `${stamp(at)} · ${age(now() - at)}` : t("never"), due ? h("b.due", null, ` ${t("rounds.due")}`) : null);
    put(tr.querySelector(".twin"), twin === undefined ? NONE : h("div", null, h("b", null, state.tags[twin].raw), " ", value(twin), apart(i, twin)));
  }
}

const value = (i) => h("span", null, qualityMark(state.quality[i]), ` ${number(state.value[i], state.tags[i], state.quality[i])} ${state.tags[i].unit}`, state.quality[i] >= 64 ? ` ${qualityWords(state.quality[i])}` : "");

/** How far the two are from each other; nothing where one of them says nothing. */
function apart(i, twin) {
  const [a, b] = [state.value[i], state.value[twin]], { twin_within: within } = state.tags[i];
  if (typeof a !== "number" || typeof b !== "number" || state.quality[twin] >= 128) return null;
  return h(`div${Math.abs(a - b) > within ? ".odd" : ""}`, null, t(Math.abs(a - b) > within ? "rounds.differs" : "rounds.agrees", { by: plain(a - b), within: plain(within) }));
}

async function enter(tag) {
  const who = await actor("commands/enter");
  if (!who) return;
  const range = tag.low === null || tag.high === null ? "" : ` ${plain(tag.low)} – ${plain(tag.high)} ${tag.unit}`;
  const found = await dialog(`${tag.raw} ${said(tag, "description")}`, `${t("rounds.about")}${range} · ${t("zone")}`, [
    field("value", `${t("tags.value")} (${tag.unit})`, { id: "round-value", type: "number", step: "any", required: true }),
    field("time", t("rounds.when"), { id: "round-time", type: "datetime-local", step: 1, value: local(now()) }),
    field("comment", t("events.comment"), { id: "round-comment", maxlength: 500 }),
  ], t("act.ok"), ({ time, ...v }) => act("enter", { ...who, ...v, tag: tag.id, ...(time && { time: new Date(utc(time)).toISOString() }) }));
  if (found) toast(outcome(found.events.at(-1)));
}

function outcome(e) {
  const d = e?.detail;
  if (!d?.online) return t("rounds.entered");
  return d.agrees === null ? t("rounds.blind", { tag: d.online }) : t(d.agrees ? "rounds.agrees" : "rounds.differs", { by: plain(d.difference), within: plain(d.within) });
}

function readings(el, events) {
  put(el, h("h2", null, t("rounds.book")), events.length ? table(["events.time", "tags.id", "report.byhand", "report.online", "report.agrees", "events.actor", "events.comment"], events.map(written)) : h("p.empty", null, t("rounds.nobook")));
}

const written = (e) => h("tr", null, h("td", null, stamp(Date.parse(e.time))), h("td", null, h("b", null, e.tag)), h("td", null, `${plain(e.value)} ${e.unit ?? ""}`),
  h("td", null, e.detail?.online ? `${e.detail.online} ${e.detail.online_value === undefined ? NONE : plain(Number(e.detail.online_value))}` : ""),
  h(`td${e.detail?.agrees === false ? ".odd" : ""}`, null, e.detail?.online ? outcome(e) : ""), h("td", null, e.actor ? [e.actor.name, e.actor.workstation].filter(Boolean).join(" · ") : ""), h("td", null, e.comment ?? ""));
