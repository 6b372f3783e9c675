// Colours and patterns of the picture. Pens differ by dash as well as by hue, and none has an alarm's colour.

const DASHES = [[], [10, 5], [3, 4], [14, 4, 3, 4], [6, 3], [1, 5], [18, 6], [10, 3, 2, 3, 2, 3]];

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const pens = () => DASHES.map((dash, i) => ({ colour: style(`--pen${i}`), dash }));

export function colours() {
  const levels = Object.fromEntries(["red", "orange", "yellow", "blue"].flatMap((level) => [[level, style(`--${level}`)], [`on-${level}`, style(`--on-${level}`)]]));
  return {
    ...levels, text: style("--muted"), grid: style("--line"), line: style("--trend"), band: style("--band"), limit: style("--limit"), ahead: style("--ahead"),
    uncertain: style("--uncertain"), bad: style("--blind"), gap: style("--blind"), hatch: style("--hatch"),
  };
}

export function hatch(ctx, x0, x1, top, height, colour, step) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x0, top, x1 - x0, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = x0 - height; x < x1; x += step * devicePixelRatio) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}
