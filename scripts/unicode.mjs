// SPDX-License-Identifier: Apache-2.0
// Writes src/core/unicode-table.ts from the Unicode 15.0.0 character database. Needed once: the table is
// committed, so that a newer Node with a newer Unicode does not change what a word is.
//   npm install --no-save --ignore-scripts @unicode/unicode-15.0.0 && node scripts/unicode.mjs
import { writeFileSync } from "node:fs";

const data = "@unicode/unicode-15.0.0";
const load = async (path) => (await import(`${data}/${path}/code-points.mjs`)).default;
const CODE_POINTS = 0x110000;
const OTHER = 0;
const WORD = 1;
const MARK = 2;
const SPACE = 3;
/** Added to OTHER or WORD: not to be normalized. */
const FROZEN = 4;
const UNASSIGNED = 255;

const classes = new Uint8Array(CODE_POINTS);
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

/**
 * Code points that folding or composing changes, moves, or joins with others. Unicode promises never to change that of
 * an assigned one, so any newer Node knows.
 */
function changing() {
  const found = new Set([0x345, 0x3c2]);
  const characters = [...classes.keys()].filter(
    (c) => classes[c] !== UNASSIGNED && (c < 0xd800 || c > 0xdfff),
  );
  for (const c of characters) {
    const text = String.fromCodePoint(c);
    const parts = text.normalize("NFD");
    if (text.normalize("NFKD").toLowerCase() !== text || text.normalize("NFC") !== text) found.add(c);
    if (parts !== text) for (const part of parts) found.add(part.codePointAt(0));
    // Nearly all combining marks go before this one.
    if (`a\u0345${text}`.normalize("NFD") !== `a\u0345${parts}`) found.add(c);
  }
  // The syllables of Hangul, and the letters that they are made of.
  for (let c = 0x1100; c < 0x1200; c++) found.add(c);
  for (let c = 0xac00; c < 0xd7a4; c++) found.add(c);
  return found;
}

/**
 * The classes that each code point may have in the table, as bits. What Unicode 15 does not assign must be frozen; what
 * folding leaves alone may be, so that the table has one run where letters and gaps alternate. An unassigned one counts
 * as the last assigned one before it that is no mark: so it goes on with the run, too.
 */
function allowed() {
  const moving = changing();
  let last = OTHER;
  return classes.map((kind, c) => {
    if (kind === UNASSIGNED) return 1 << (last + FROZEN);
    if (kind !== MARK) last = kind === WORD ? WORD : OTHER;
    const isFree = kind <= WORD && !moving.has(c);
    return (1 << kind) | (isFree ? 1 << (kind + FROZEN) : 0);
  });
}

/** The fewest runs, each as long as it can be: class and length. */
function runsOf(sets) {
  const runs = [];
  for (let at = 0; at < sets.length; ) {
    let common = 0xff;
    let end = at;
    while (end < sets.length && (common & sets[end]) !== 0) common &= sets[end++];
    // The lowest class is the one that is not frozen, where both would do.
    runs.push([31 - Math.clz32(common & -common), end - at]);
    at = end;
  }
  return runs;
}

/** Digits below BASE, then the classes where they do not follow by themselves, then one that says "one digit more". */
const BASE = 78;
const MARKER = BASE;
const MORE = BASE + 6;
// By how often minified JavaScript has them as they are: gzip has one code for the whole bundle, and the table is the
// smaller, the more its frequent symbols are those of the code.
const LETTERS = "eartoin,s=)c:1}(0l2?+;A.4d6u{83fg-5[/]*<wCE>I9pymhBb&Q_D|7!kOSMvxLNPTGFW#RUJYj^ZKHzVqX";

/** What most often follows a run of each class, and is not written. */
function mostOftenNext(runs) {
  return [0, 1, 2, 3, 4, 5].map((kind) => {
    const count = new Array(6).fill(0);
    for (const [i, [next]] of runs.entries()) if ((runs[i - 1]?.[0] ?? OTHER) === kind) count[next]++;
    return count.indexOf(Math.max(...count));
  });
}

function symbolsOf(kind, expected, length) {
  const digits = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / BASE)) digits.unshift(rest % BASE);
  const marker = kind === expected ? [] : [MARKER + kind];
  return [...marker, ...digits.slice(1).map(() => MORE), ...digits];
}

const runs = runsOf(allowed());
const next = mostOftenNext(runs);
const symbols = runs.flatMap(([kind, length], i) => symbolsOf(kind, next[runs[i - 1]?.[0] ?? OTHER], length));
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
 * The letter of each symbol: digits 0 to 77, a class that does not follow by itself (78 to 83), one digit more (84).
 * Frequent symbols have the letters that are frequent in code, for gzip's sake.
 */
export const UNICODE_ALPHABET =
  "${alphabet.join("")}";

/** The class that follows a run of each class where none stands, and, from 6 on, that which stands. */
export const NEXT_CLASS = "${next.join("")}012345";

/** Runs of code points from U+0000 on: class, where it is not what follows, and length. */
export const UNICODE_RUNS =
  "${symbols.map((symbol) => alphabet[symbol]).join("")}";
`,
);
