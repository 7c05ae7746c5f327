// SPDX-License-Identifier: Apache-2.0

/**
 * The one script of every page. It reads cells of heat maps out, and shows on a tap what a mouse gets as a tooltip. It
 * makes no markup: all that it shows goes through `textContent`. Without it a page lacks nothing else.
 */
export const SCRIPT = `"use strict";
for (const heat of document.querySelectorAll(".heat")) {
  const cells = heat.querySelector(".cells");
  const [columns, rows] = [".across text", ".names:not(.across) text"].map((of) =>
    Array.from(heat.querySelectorAll(of), (text) => text.textContent));
  const counts = new Map();
  const totals = cells.dataset.totals.split(" ").map(Number);
  const numbers = cells.dataset.cells.split(" ").map(Number);
  for (let i = 0; i + 2 < numbers.length; i += 3) {
    const [row, column, count] = numbers.slice(i, i + 3);
    counts.set(row * columns.length + column, count);
  }
  const output = document.createElement("output");
  output.textContent = "Point at a cell, or tap it, to read it.";
  heat.querySelector(".matrix").after(output);
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "path");
  cross.setAttribute("class", "cross");
  cells.append(cross);
  const show = (event) => {
    const box = cells.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows.length);
    if (columns[column] === undefined || rows[row] === undefined) return;
    const count = counts.get(row * columns.length + column) ?? 0;
    const total = totals[row] ?? 0;
    const share = total === 0 ? "" : ", " + ((100 * count) / total).toFixed(1) + " % of " + total;
    output.textContent = cells.dataset.rows + " " + rows[row] + ", " + cells.dataset.columns + " " + columns[column] + ": " + count + share;
    cross.setAttribute("d", "M0 " + row * 10 + "h" + columns.length * 10 + "m0 10h-" + columns.length * 10 +
      "M" + column * 10 + " 0v" + rows.length * 10 + "m10 0v-" + rows.length * 10);
  };
  cells.addEventListener("pointermove", show);
  cells.addEventListener("pointerdown", show);
}
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);
document.addEventListener("pointerdown", (event) => {
  const title = event.pointerType === "mouse" ? null : event.target.querySelector?.(":scope > title");
  tip.hidden = !title;
  if (!title) return;
  tip.textContent = title.textContent;
});
`;
