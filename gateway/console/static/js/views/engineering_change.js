// Other numbers for one rule: tried on the archive, asked for with a reason, and seen by a second person before they count.

import { h, put, toast } from "../dom.js";
import { has, language, t } from "../i18n.js";
import { act, get, send } from "../api.js";
import { dialog, field, form } from "../forms.js";
import { me } from "../session.js";
import { actor } from "../who.js";
import { difference, faultTable } from "./engineering_lists.js";

const DAYS = [1, 7, 30];
const tidy = (x) => Number(x.toPrecision(12));

/** A number's name for people: of a rule, or (settings.window) of its kind. */
export function numberName(field) {
  if (!field.startsWith("settings.")) return t(`eng.number.${field}`);
  return field.split(".").slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) + 1 : has(`eng.set.${part}`) ? t(`eng.set.${part}`) : part)).join(" ");
}

/** Numbers that differ from what the rule has; null where one is not a number. What has none and gets none stays so. */
function wanted(rule, inputs, own) {
  const out = { rule: rule.id, settings: {} };
  for (const [name, input] of Object.entries(inputs)) {
    const value = input.value.trim() === "" ? NaN : Number(input.value), setting = own.find((s) => `settings.${s.name}` === name);
    if (setting?.value === null && input.value.trim() === "") continue;
    if (!Number.isFinite(value)) return null;
    if (setting && value !== setting.value) out.settings[setting.name] = value;
    if (!setting && name !== "deadband" && value !== rule[name]) out[name] = value;
  }
  return out;
}

/** The dead band moves the reset, the limit takes it along, and a reset says how wide it is. */
function tie({ trigger, reset, deadband }) {
  const side = Number(reset.value) < Number(trigger.value) ? -1 : Number(reset.value) > Number(trigger.value) ? 1 : 0;
  const sign = side || (trigger.dataset.low ? 1 : -1);
  const follow = () => { reset.value = tidy(Number(trigger.value) + sign * Number(deadband.value)); };
  trigger.addEventListener("input", follow);
  deadband.addEventListener("input", follow);
  reset.addEventListener("input", () => { deadband.value = tidy(Math.abs(Number(trigger.value) - Number(reset.value))); });
}

function fieldsOf(rule, own) {
  const number = (name, words, value, attrs = {}) => field(name, words, { id: `change-${name}`, inputmode: "decimal", required: true, value, ...attrs });
  const limit = rule.limited ? [number("trigger", `${t("eng.trigger")} ${rule.unit}`, rule.trigger, { "data-low": rule.kind.endsWith("low") }), number("reset", `${t("detail.reset")} ${rule.unit}`, rule.reset),
    number("deadband", `${t("eng.deadband")} ${rule.unit}`, tidy(Math.abs(rule.trigger - rule.reset)))] : [];
  const settings = own.map((s) => number(`settings.${s.name}`, `${numberName(`settings.${s.name}`)}${s.time ? ", s" : ""}`, s.value ?? "", { id: `change-set-${s.name.replaceAll(".", "-")}`, required: s.value !== null, title: language === "en" ? s.about : s.name }));
  return [...limit, ...settings, number("on_delay_s", t("eng.ondelay"), rule.on_delay_s), number("off_delay_s", t("eng.offdelay"), rule.off_delay_s)];
}

/** Resolves to the proposal, or null. */
export async function change(rule) {
  const who = await actor("commands/propose");
  if (!who) return null;
  const box = h("dialog.ask.wide.change", { "aria-label": rule.id }), report = h("div", { id: "change-report", "aria-live": "polite" });
  const own = (await get(`/api/v1/rules/settings/${encodeURIComponent(rule.id)}`)).settings;
  const numbers = fieldsOf(rule, own), inputs = Object.fromEntries(numbers.map((f) => [f.name, f.input]));
  if (rule.limited) tie(inputs);
  const reason = field("comment", t("step.reason"), { id: "change-reason", required: true, maxlength: 500 });
  let found = null;
  const told = async (work) => {
    const body = wanted(rule, inputs, own);
    if (!body) throw new Error(t("eng.notnumber"));
    put(report, h("p.muted", null, t("eng.working")));
    try {
      return await work(body);
    } catch (fault) {
      put(report, fault.faults ? faultTable(fault.faults) : []);
      throw fault;
    }
  };
  const days = h("select", { id: "change-days", "aria-label": t("eng.days") }, DAYS.map((d) => h("option", { value: d, selected: d === 7 }, t("step.days", { n: d }))));
  const trial = h("button", { type: "button", id: "change-try", onclick: async () => {
    trial.disabled = true;
    try {
      put(report, difference(await told((body) => send("POST", "/api/v1/rules/try", { ...body, days: Number(days.value) }))));
    } catch (fault) {
      if (!fault.faults) put(report, h("p.wrong", null, fault.message));
    } finally {
      trial.disabled = false;
    }
  } }, t("eng.whatif"));
  const cancel = h("button", { type: "button", onclick: () => box.close() }, t("act.cancel"));
  box.append(h("h2", null, `${t("eng.change")}: ${rule.id}`), h("p.muted", null, t("eng.changewhy")), form([...numbers, reason], t("eng.propose"), async ({ comment }) => {
    found = await told((body) => act("propose", { ...who, ...body, comment }));
    toast(t("eng.proposed"));
    box.close();
  }, [cancel, days, trial]), report);
  document.body.append(box);
  box.showModal();
  return new Promise((done) => box.addEventListener("close", () => { box.remove(); done(found); }));
}

/** Agree as who is here; beside the one who asked, the second person says who they are. */
export async function agree(proposal) {
  const who = await actor("commands/agree");
  if (!who) return null;
  const mine = (who.actor ?? me.user)?.id === proposal.by_id;
  const id = field("second", t("eng.second"), { id: "change-second", required: true, maxlength: 64 });
  const password = field("password", t("step.secondpassword"), { type: "password", required: true, maxlength: 200 });
  const proof = mine ? [id, ...(me.mode === "sign-in" ? [password] : [])] : [];
  const about = proposal.numbers.map((n) => `${numberName(n.field)} ${n.old} → ${n.new}`).join("; ");
  const done = await dialog(`${t("eng.agree")}: ${proposal.rule}`, about, [...proof, field("comment", t("events.comment"), { id: "agree-comment", maxlength: 500 })], t("eng.agree"), (v) => act("agree", {
    ...who, proposal: proposal.proposal, comment: v.comment, ...(mine && { second: { id: v.second, name: v.second, ...(v.password && { password: v.password }) } }),
  }));
  if (done) toast(t("eng.done"));
  return done;
}

export async function decline(proposal) {
  const who = await actor("commands/decline");
  if (!who) return null;
  return dialog(`${t("eng.decline")}: ${proposal.rule}`, "", [field("comment", t("step.reason"), { id: "decline-reason", required: true, maxlength: 500 })], t("eng.decline"), (v) => act("decline", { ...who, proposal: proposal.proposal, comment: v.comment }));
}
