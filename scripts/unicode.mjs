// SPDX-License-Identifier: Apache-2.0
// Writes src/core/unicode-table.ts from the Unicode 15.0.0 character database. Needed once: the table is
// committed, so that a newer Node with a newer Unicode does not change what a word is.
//   npm install --no-save --ignore-scripts @unicode/unicode-15.0.0 && node scripts/unicode.mjs
import { writeFileSync } from "node:fs";

const data = "@unicode/unicode-15.0.0";
const load = async (path) => (await import(`${data}/${path}/code-points.mjs`)).default;
const classes = new Uint8Array(0x110000);
const OTHER = 0;
const WORD = 1;
const MARK = 2;
const SPACE = 3;
const UNASSIGNED = 4;

for (const c of await load("General_Category/Unassigned")) classes[c] = UNASSIGNED;
for (const category of ["Letter", "Decimal_Number", "Letter_Number", "Mark"])
  for (const c of await load(`General_Category/${category}`)) classes[c] = WORD;
// Accents, Hebrew points and Arabic vowel signs are dropped; the vowel signs of Indic scripts and Thai are
// as good as letters and stay.
const marks = new Set(await load("General_Category/Nonspacing_Mark"));
for (const script of ["Inherited", "Hebrew", "Arabic"])
  for (const c of await load(`Script/${script}`)) if (marks.has(c)) classes[c] = MARK;
for (const c of await load("Binary_Property/White_Space")) classes[c] = SPACE;
classes["_".charCodeAt(0)] = WORD;

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** What most often follows a run of each class, and is not written. */
const NEXT = [WORD, UNASSIGNED, WORD, OTHER, WORD];

function runOf(kind, before, length) {
  let digits = "";
  for (let rest = length; rest > 0; rest = Math.floor(rest / 62)) digits = DIGITS[rest % 62] + digits;
  return (kind === NEXT[before] ? "" : ".()=,"[kind]) + ";".repeat(digits.length - 1) + digits;
}

const runs = [];
for (let start = 0, c = 1; c <= classes.length; c++) {
  if (c < classes.length && classes[c] === classes[start]) continue;
  runs.push(runOf(classes[start], classes[start - 1], c - start));
  start = c;
}
if (classes[0] !== OTHER) throw new Error("U+0000 is expected to be neither a word nor a space");

writeFileSync(
  new URL("../src/core/unicode-table.ts", import.meta.url),
  `// SPDX-License-Identifier: Apache-2.0
// Written by scripts/unicode.mjs from Unicode 15.0.0; do not edit.

/**
 * Runs of code points from U+0000 on. A class: \`.\` other, \`(\` word, \`)\` mark, \`=\` space, \`,\` unassigned, nothing for
 * what NEXT in text.ts has after the run before. A length: \`;\` for each digit after the first, digits in base 62.
 */
export const UNICODE_RUNS =
  "${runs.join("")}";
`,
);
