// SPDX-License-Identifier: Apache-2.0
// Numbers and tables as Markdown.

export const NOT_MEASURED = "not measured";

/** A table; cells are text. The first column is left-aligned, the others too where `left` says so. */
export function table(head, rows, left = 1) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = head.map((_, i) => (i < left ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** 0.7859 as .7859. */
export function share(value) {
  if (!Number.isFinite(value)) return NOT_MEASURED;
  return value.toFixed(4).replace(/^(-?)0\./, "$1.");
}

/** A difference of shares, with its sign. */
export function gap(value) {
  if (!Number.isFinite(value)) return NOT_MEASURED;
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4).replace(/^0\./, ".")}`;
}

/** Three digits that count. */
export function digits(value, count = 3) {
  if (!Number.isFinite(value)) return NOT_MEASURED;
  if (Math.abs(value) >= 10 ** (count - 1)) return grouped(Math.round(value));
  return String(Number(value.toPrecision(count)));
}

export function grouped(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

export const seconds = (value) => (Number.isFinite(value) ? `${digits(value)} s` : NOT_MEASURED);
export const mebibytes = (value) => (Number.isFinite(value) ? `${digits(value)} MiB` : NOT_MEASURED);
export const micros = (value) => (Number.isFinite(value) ? `${digits(value)} us` : NOT_MEASURED);
export const times = (value) => (Number.isFinite(value) ? `${digits(value)} x` : NOT_MEASURED);

/** A step that was measured, or undefined. */
export function done(results, part, step) {
  const found = results[part]?.steps[step];
  return found === undefined || found.failed !== undefined ? undefined : found;
}

/** What stands in place of a step's figures. */
export function whyNot(results, part, step) {
  const found = results[part]?.steps[step];
  return found?.failed === undefined
    ? `not measured: \`npm run bench -- --only ${part}\``
    : `failed: ${found.failed}`;
}
