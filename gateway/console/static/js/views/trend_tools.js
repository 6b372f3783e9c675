// Around the picture: choose any period, and take the picture home with its words.

import { t } from "../i18n.js";
import { local, stamp, utc } from "../format.js";
import { dialog, field } from "../forms.js";

/** Two moments, in UTC+8 whatever the panel's zone is. */
export function pickPeriod([start, end], done) {
  const attrs = { type: "datetime-local", step: 1, required: true };
  return dialog(t("trend.other"), t("zone"), [field("from", t("trend.from"), { ...attrs, id: "period-from", value: local(start) }), field("to", t("trend.to"), { ...attrs, id: "period-to", value: local(end) })],
    t("act.ok"), ({ from, to }) => {
      const [a, b] = [utc(from), utc(to)];
      if (!(b > a)) throw new Error(t("trend.wrongperiod"));
      done([a, b]);
    });
}

/** The picture with what it shows and when, as PNG: made here, sent nowhere. */
export function picture(trend) {
  const from = trend.box.querySelector("canvas");
  if (!from) return;
  const unit = devicePixelRatio, head = 26 * unit * (trend.tags.length + 1), canvas = document.createElement("canvas"), ctx = canvas.getContext("2d");
  [canvas.width, canvas.height] = [from.width, from.height + head];
  const style = getComputedStyle(document.documentElement), of = (name) => style.getPropertyValue(name).trim();
  ctx.fillStyle = of("--panel");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = of("--text");
  ctx.font = `${14 * unit}px system-ui, sans-serif`;
  const lines = [...trend.tags.map((tag) => `${tag.raw}  ${tag.description}  ${tag.unit}`), `${trend.window.map(stamp).join("  –  ")}  ${t("zone")}`];
  lines.forEach((words, i) => ctx.fillText(words, 12 * unit, (i + 1) * 24 * unit));
  ctx.drawImage(from, 0, head);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${trend.ids.join("-")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10e3);
  });
}
