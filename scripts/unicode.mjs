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

/** What most often follows a run of each class, and is not written; and from 5 on, the class that is. */
const NEXT = "1410101234";
const BASE = 80;
const MARKER = BASE;
const MORE = BASE + 5;
// By how often minified JavaScript has them as they are: gzip has one code for the whole bundle, and the table is the
// smaller, the more its frequent symbols are those of the code (1.84 kB of 2.01 in base 62, by their order).
const LETTERS = "eartoin,s=)c:1}(0l2?+;A.4d6u{83fg-5[/]*<wCE>I9pymhBb&Q_D|7!kOSMvxLNPTGFW#RUJYj^ZKHzVqX";

function symbolsOf(kind, before, length) {
  const digits = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / BASE)) digits.unshift(rest % BASE);
  const marker = kind === Number(NEXT[before]) ? [] : [MARKER + kind];
  return [...marker, ...digits.slice(1).map(() => MORE), ...digits];
}

const symbols = [];
for (let start = 0, c = 1; c <= classes.length; c++) {
  if (c < classes.length && classes[c] === classes[start]) continue;
  symbols.push(...symbolsOf(classes[start], classes[start - 1] ?? OTHER, c - start));
  start = c;
}
if (classes[0] !== OTHER) throw new Error("U+0000 is expected to be neither a word nor a space");

const count = new Array(MORE + 1).fill(0);
for (const symbol of symbols) count[symbol]++;
const alphabet = [];
[...count.keys()]
  .sort((a, b) => count[b] - count[a] || a - b)
  .forEach((symbol, rank) => {
    alphabet[symbol] = LETTERS[rank];
  });

writeFileSync(
  new URL("../src/core/unicode-table.ts", import.meta.url),
  `// SPDX-License-Identifier: Apache-2.0
// Written by scripts/unicode.mjs from Unicode 15.0.0; do not edit.

/**
 * The letter of each symbol: digits 0 to 79, a class that does not follow by itself (80 to 84), one digit more (85).
 * Frequent symbols have the letters that are frequent in code, for gzip's sake.
 */
export const UNICODE_ALPHABET =
  "${alphabet.join("")}";

/** The class that follows a run of each class where none stands, and, from 5 on, that which stands. */
export const NEXT_CLASS = "${NEXT}";

/** Runs of code points from U+0000 on: class, where it is not what follows, and length. */
export const UNICODE_RUNS =
  "${symbols.map((symbol) => alphabet[symbol]).join("")}";
`,
);
