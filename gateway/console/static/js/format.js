// Numbers, times and ages for people. People see UTC+8, whatever the panel's own clock and zone say.

import { has, t } from "./i18n.js";

export const NONE = "—";
const CHINA = 8 * 3600e3;
const two = (n) => String(n).padStart(2, "0");
const inChina = (ms) => new Date(ms + CHINA);

export function clock(ms) {
  const d = inChina(ms);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

export function day(ms) {
  const d = inChina(ms);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

export const stamp = (ms) => `${day(ms)} ${clock(ms)}`;

/** For fields of type datetime-local, in UTC+8 whatever the panel's zone is; and back to ms UTC. */
export const local = (ms) => new Date(ms + CHINA).toISOString().slice(0, 19);
export const utc = (text) => Date.parse(`${text}${text.length === 16 ? ":00" : ""}Z`) - CHINA;

/** 42 -> "42 s", 4000 -> "1 h 06 min"; a clock that is ahead counts as now. */
export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return t("age.s", { s });
  if (s < 3600) return t("age.min", { m: Math.floor(s / 60), s: two(s % 60) });
  if (s < 86400) return t("age.h", { h: Math.floor(s / 3600), m: two(Math.floor((s % 3600) / 60)) });
  return t("age.d", { d: Math.floor(s / 86400), h: Math.floor((s % 86400) / 3600) });
}

const BEYOND = { 64: "≥ ", 65: "≤ " }; // saturated: the true value may be further out

/** As many decimals as the range deserves, always the same for one tag, so that digits stand still. */
export function number(value, tag, quality = 0) {
  if (value === null || value === undefined) return NONE;
  return (BEYOND[quality] ?? "") + digits(value, tag);
}

function digits(value, tag) {
  if (Number.isInteger(value) && (!tag || tag.high === null)) return String(value); // states and counts
  const span = tag && tag.high !== null && tag.low !== null ? tag.high - tag.low : Math.abs(value) * 2;
  const decimals = span >= 500 ? 0 : span >= 50 ? 1 : span >= 5 ? 2 : 3;
  return value.toFixed(decimals).replace(/^-(0(\.0+)?)$/, "$1");
}

/** A limit as it was written: no trailing zeros. */
export const plain = (value) => (value === null || value === undefined ? NONE : String(Number(value.toPrecision(6))));

export const standing = (quality) => (quality < 64 ? "good" : quality < 128 ? "uncertain" : "bad");

export function qualityWords(quality) {
  const key = `quality.${quality}`;
  return has(key) ? t(key) : t("quality.other", { status: t(`standing.${standing(quality)}`), code: quality });
}

export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i += 1) n /= 1000;
  return `${n < 10 && i ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}
