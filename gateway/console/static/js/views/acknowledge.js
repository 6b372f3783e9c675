// Acts on alarms, each under a person's name. What the gateway refuses is said in its own words.

import { toast } from "../dom.js";
import { t } from "../i18n.js";
import { act } from "../api.js";
import { actor } from "../who.js";

const MOST = 1000; // ids the gateway takes at once

/** True when the gateway took it. `seen`: [{id, n}] as on the screen when the person acted. */
export async function acknowledge(seen, comment) {
  return command("acknowledge", seen, comment, "alarms.acked");
}

export async function reset(seen) {
  return command("reset", [seen], "", "alarms.wasreset");
}

async function command(what, seen, comment, done) {
  if (!seen.length) return false;
  const who = await actor();
  if (!who) return false;
  try {
    await act(what, { ids: seen.slice(0, MOST), actor: who, comment });
    toast(t(done, { n: seen.length }));
    return true;
  } catch (fault) {
    toast(t("act.failed", { reason: fault.message }), true);
    return false;
  }
}
