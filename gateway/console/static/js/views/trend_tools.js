// Around the picture: choose any period, and take the picture home with its words.

import { said, t } from "../i18n.js";
import { local, stamp, utc } from "../format.js";
import { dialog, field } from "../forms.js";
import { pens } from "./chart_style.js";

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
  const drawn = trend.chart.range.map((s) => stamp(s * 1000)); // not the window: a page without view has stood still
  const lines = [...trend.tags.map((tag) => `${tag.raw}  ${said(tag, "description")}  ${tag.unit}`), `${drawn.join("  –  ")}  ${t("zone")}`];
  lines.forEach((words, i) => ctx.fillText(words, (i < trend.tags.length ? 56 : 12) * unit, (i + 1) * 24 * unit));
  pens().slice(0, trend.tags.length).forEach((pen, i) => {
    Object.assign(ctx, { strokeStyle: pen.colour, lineWidth: 2 * unit });
    ctx.setLineDash(pen.dash.map((x) => x * unit));
    ctx.stroke(new Path2D(`M${12 * unit} ${((i + 1) * 24 - 5) * unit}h${36 * unit}`));
  });
  ctx.drawImage(from, 0, head);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${trend.ids.join("-")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10e3);
  });
}
