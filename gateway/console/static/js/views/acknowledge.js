// Acts on alarms, each under a person's name. What the gateway refuses is said in its own words.

import { toast } from "../dom.js";
import { t } from "../i18n.js";
import { act } from "../api.js";
import { actor } from "../who.js";

const MOST = 500; // ids sent at once
const REFUSED = 409;
const TO_STOP = 600; // ms: a finger that is on its way does not stop for a row that comes under it

/** A pointer's click (a key's has no detail) on what came under it a moment ago is not meant: it does nothing, and that is said. */
export function moved(event, at) {
  const just = event.detail > 0 && performance.now() - at < TO_STOP;
  if (just) toast(t("alarms.justmoved"), true);
  return just;
}

/** The ones the gateway took. `seen`: [{id, n}] as on the screen when the person acted. */
export async function acknowledge(seen, comment) {
  return command("acknowledge", seen, comment, "alarms.acked");
}

export async function reset(seen) {
  return command("reset", [seen], "", "alarms.wasreset");
}

async function command(what, seen, comment, done) {
  if (!seen.length) return [];
  const who = await actor(`commands/${what}`);
  if (!who) return [];
  const taken = [], refused = [];
  try {
    for (let at = 0; at < seen.length; at += MOST) {
      await send(what, { ...who, comment }, seen.slice(at, at + MOST), taken, refused);
    }
  } catch (fault) {
    toast(t("act.failed", { reason: fault.message }), true);
    return taken;
  }
  const reason = refused.at(-1);
  if (!reason) toast(t(done, { n: taken.length }));
  else toast(taken.length ? t("act.partly", { n: taken.length, m: refused.length, reason }) : t("act.failed", { reason }), true);
  return taken;
}

/** The gateway takes a command whole or not at all; one alarm that closed meanwhile must not hold up the others. */
async function send(what, body, seen, taken, refused) {
  try {
    await act(what, { ids: seen, ...body });
    taken.push(...seen);
  } catch (fault) {
    if (fault.status !== REFUSED) throw fault;
    if (seen.length === 1) {
      refused.push(fault.message);
      return;
    }
    const half = seen.length >> 1;
    await send(what, body, seen.slice(0, half), taken, refused);
    await send(what, body, seen.slice(half), taken, refused);
  }
}
