// What an engineer changes: a stage or an approval with a reason and a second person, a loop test, the files read again.

import { h, toast } from "../dom.js";
import { t } from "../i18n.js";
import { act, get } from "../api.js";
import { dialog, field } from "../forms.js";
import { me } from "../session.js";
import { actor } from "../who.js";

const reason = () => field("comment", t("step.reason"), { id: "change-reason", required: true, maxlength: 500 });

function second() {
  const id = field("second", t("eng.second"), { id: "change-second", required: true, maxlength: 64 });
  return me.mode === "sign-in" ? [id, field("password", t("step.secondpassword"), { type: "password", required: true, maxlength: 200 })] : [id];
}

async function change(what, title, fields, body) {
  const who = await actor(`commands/${what}`);
  if (!who) return null;
  const done = await dialog(title, "", fields, t("act.ok"), (v) => act(what, { ...who, ...body(v) }));
  if (done) toast(t("eng.done"));
  return done;
}

const secondOf = ({ second: id, password }) => ({ second: { id, name: id, ...(password && { password }) } });

/** stage("installation", "tank-farm", "shadow"): to the other stage. */
export function stage(part, id, now) {
  const to = now === "shadow" ? "live" : "shadow";
  return change("stage", `${id}: ${t(`eng.stage.${to}`)}`, [reason(), ...second()], (v) => ({ [part]: id, stage: to, comment: v.comment, ...secondOf(v) }));
}

export const approve = () => change("approve", t("eng.approve"), [reason(), ...second()], (v) => ({ comment: v.comment, ...secondOf(v) }));

export const reload = () => change("reload", t("eng.reload"), [reason(), field("accept", t("eng.accept"), { type: "checkbox", id: "reload-accept" })], (v) => ({ comment: v.comment, accept: v.accept }));

export const loopTested = (tag) => change("loop-tested", `${t("eng.test")}: ${tag}`, [
  field("result", t("eng.result"), { id: "loop-result" }, ["passed", "failed"].map((r) => [r, t(`eng.result.${r}`)])),
  field("method", t("eng.method"), { id: "loop-method", maxlength: 500 }), field("comment", t("events.comment"), { maxlength: 500 }),
], (v) => ({ tag, ...v }));

/** Where each value of a tag came from. */
export async function explain(tag) {
  const box = h("dialog.ask.wide", { "aria-label": tag }), body = h("div", null, t("eng.working"));
  box.append(h("h2", null, `${t("eng.whence")}: ${tag}`), body, h("form", { method: "dialog" }, h("div.buttons", null, h("button.primary", null, t("act.ok")))));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  try {
    const { explain: found } = await get(`/api/v1/rules/explain/${encodeURIComponent(tag)}`);
    body.replaceChildren(h("div.scroll", null, h("table", null, h("tbody", null, found.map((e) => h("tr", null, h("td", null, h("b", null, e.what)), h("td", null, e.value), h("td.muted", null, e.where)))))));
  } catch (fault) {
    body.replaceChildren(h("p.wrong", null, fault.message));
  }
}
