// The alarm's voice, made by the browser: no file, no network. It must be armed by a person's hand (browsers insist), it is
// tested in the same moment, and the header always says which it is. Silence is not an acknowledgement: the next alarm sounds.

import { on, state, tell } from "./state.js";

const TONES = { red: [880, 660, 880], orange: [740, 740], yellow: [587], blue: [494] };
const NO_VIEW = [330, 262, 330, 262]; // a page that sees nothing says so
const AGAIN = 4000;
const KEEP = "fengsui.sound";
export const sound = { armed: false, silenced: false, sounding: "", wanted: localStorage.getItem(KEEP) === "on" };
let context = null;
const RANK = ["blue", "yellow", "orange", "red"];
let known = new Map(); // id -> rank of its level, of what has been heard of
let timer = 0;

const calls = (a) => a.acknowledgement === "unacknowledged" && !a.shadow && a.suppression === "none";

const running = () => sound.armed && context?.state === "running";

/** off, again, armed, sounding, silenced: what the header shows. Again: somebody wants it, and the browser gives no voice now. */
export function mode() {
  if (!running()) return sound.wanted ? "again" : "off";
  if (!sound.sounding) return "armed";
  return sound.silenced ? "silenced" : "sounding";
}

function play(notes) {
  let at = context.currentTime;
  for (const hertz of notes) {
    const tone = context.createOscillator(), loud = context.createGain();
    tone.frequency.value = hertz;
    loud.gain.setValueAtTime(0.0001, at);
    loud.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.26);
    tone.connect(loud).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.28);
    at += 0.3;
  }
}

/** A voice that a system takes away (sleep, another output) is not called armed. */
function made() {
  const found = new AudioContext();
  found.onstatechange = () => tell("sound");
  return found;
}

/** By a person's hand; plays the test tone, and throws when the browser has no voice. */
export async function arm() {
  context ??= made();
  await context.resume();
  if (context.state !== "running") throw new Error(context.state);
  sound.armed = sound.wanted = true;
  localStorage.setItem(KEEP, "on");
  test();
  look();
  tell("sound");
}

export const test = () => play(TONES.orange);

export function disarm() {
  sound.armed = sound.wanted = false;
  localStorage.setItem(KEEP, "off");
  context?.suspend();
  tell("sound");
}

export function silence() {
  sound.silenced = true;
  tell("sound");
}

/** What calls now; anything that was not there before, or has got worse, ends the silence. */
function look() {
  const waiting = [...state.alarms.values()].filter(calls), news = waiting.some((a) => RANK.indexOf(a.level) > (known.get(a.id) ?? -1));
  known = new Map(waiting.map((a) => [a.id, RANK.indexOf(a.level)]));
  const first = ["red", "orange", "yellow", "blue"].find((level) => waiting.some((a) => a.level === level)) ?? "";
  say(state.lost ? "no-view" : first, news);
}

function say(what, news) {
  const before = mode();
  if (news || (what && what !== sound.sounding)) sound.silenced = false;
  if (!what) sound.silenced = false;
  const begins = what && (!sound.sounding || news);
  sound.sounding = what;
  if (begins) voice();
  if (mode() !== before) tell("sound");
}

function voice() {
  clearTimeout(timer);
  if (!sound.sounding) return;
  if (running() && !sound.silenced) play(sound.sounding === "no-view" ? NO_VIEW : TONES[sound.sounding]);
  timer = setTimeout(voice, AGAIN);
}

on("alarms link", look);
