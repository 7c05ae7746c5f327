// SPDX-License-Identifier: Apache-2.0
// A plot with logarithmic axes as plain SVG, in the colours of the reader's theme.

const SIZE = { width: 800, height: 460, left: 78, right: 205, top: 44, bottom: 56 };
/** Readable on white and on near-black; the number of workers is told by the line, not by the colour. */
const COLOURS = ["#2f81f7", "#d29922", "#2da44e", "#cf222e"];

const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Powers of ten that span the values. */
function decades(values) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: Math.max(high, low + 1) - low + 1 }, (_, i) => low + i);
}

function scaleOf(ticks, from, to) {
  const [low, high] = [ticks[0], ticks.at(-1)];
  return (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
}

function short(power) {
  const names = { 3: "1k", 4: "10k", 5: "100k", 6: "1M", 7: "10M" };
  return names[power] ?? String(10 ** power);
}

function axes(x, y, xTicks, yTicks, { xName, yName }) {
  const { width, height, left, right, top, bottom } = SIZE;
  const lines = [
    ...xTicks.map((power) => {
      const at = x(10 ** power).toFixed(1);
      return `<path class="grid" d="M${at} ${top}V${height - bottom}"/><text x="${at}" y="${height - bottom + 18}" text-anchor="middle">${short(power)}</text>`;
    }),
    ...yTicks.map((power) => {
      const at = y(10 ** power).toFixed(1);
      const name = 10 ** power >= 1000 ? short(power) : String(10 ** power);
      return `<path class="grid" d="M${left} ${at}H${width - right}"/><text x="${left - 8}" y="${Number(at) + 4}" text-anchor="end">${name}</text>`;
    }),
    `<text x="${(left + width - right) / 2}" y="${height - 14}" text-anchor="middle">${plain(xName)}</text>`,
    `<text transform="translate(18 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${plain(yName)}</text>`,
  ];
  return lines.join("\n");
}

function seriesOf({ colour, dashed, points }, x, y) {
  const paint = COLOURS[colour % COLOURS.length];
  const at = points.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`);
  const dots = points.map(
    ([a, b]) =>
      `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="${dashed ? 3 : 3.5}" fill="${paint}"/>`,
  );
  return `<path d="M${at.join("L")}" fill="none" stroke="${paint}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ""}/>${dots.join("")}`;
}

function legend(series) {
  const left = SIZE.width - SIZE.right + 18;
  return series
    .map(({ name, colour, dashed }, i) => {
      const y = SIZE.top + 10 + i * 22;
      const paint = COLOURS[colour % COLOURS.length];
      return `<path d="M${left} ${y}h26" stroke="${paint}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ""}/><text x="${left + 34}" y="${y + 4}">${plain(name)}</text>`;
    })
    .join("\n");
}

/**
 * An SVG of `series`, each {name, colour, dashed, points: [[x, y]]} with positive values; `title`, `xName` and `yName`
 * are plain text.
 */
export function logPlot(series, { title, xName, yName }) {
  const { width, height, left, right, top, bottom } = SIZE;
  const all = series.flatMap(({ points }) => points);
  const [xTicks, yTicks] = [0, 1].map((axis) => decades(all.map((point) => point[axis])));
  const x = scaleOf(xTicks, left, width - right);
  const y = scaleOf(yTicks, height - bottom, top);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${plain(title)}</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 15px; }
.grid { stroke: #d0d7de; fill: none; }
.back { fill: #ffffff; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .grid { stroke: #30363d; } .back { fill: #0d1117; } }
</style>
<rect class="back" width="${width}" height="${height}"/>
<text class="title" x="${left}" y="24">${plain(title)}</text>
${axes(x, y, xTicks, yTicks, { xName, yName })}
${series.map((one) => seriesOf(one, x, y)).join("\n")}
${legend(series)}
</svg>
`;
}
