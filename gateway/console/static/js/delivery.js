// How far each open alarm has come at the outputs, asked for while a page shows it.

import { get } from "./api.js";
import { state, tell } from "./state.js";

const EVERY = 5000;
const FAR = ["refused", "waiting", "sent", "accepted", "stored", "standby"]; // worst first
export const delivery = { known: false, outputs: {}, alarms: {} };

/** {stage, ways} of an alarm: the output that is least far says the stage; "none" where nothing is known. */
export function deliveryOf(id) {
  const found = delivery.alarms[id];
  if (!found) return { stage: delivery.known && Object.keys(delivery.outputs).length ? "waiting" : "none", ways: {} };
  const stages = Object.values(found.outputs).map((way) => way.stage);
  return { stage: FAR.find((stage) => stages.includes(stage)) ?? "none", ways: found.outputs };
}

/** Looks again and again until it is ended. */
export function watch() {
  let timer = 0, over = false;
  async function look() {
    if (!state.lost) {
      try {
        Object.assign(delivery, await get("/api/v1/deliveries"));
        tell("delivery");
      } catch {
        delivery.known = false; // the header says that the gateway is away
      }
    }
    if (!over) timer = setTimeout(look, EVERY);
  }
  look();
  return () => { over = true; clearTimeout(timer); };
}
