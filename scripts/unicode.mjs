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
 * Code points that no folded text has, and ASCII. Nobody asks the table for their class, which matters only where a long text
 * is cut into pieces: never before one that begins with a mark. But they have to be normalized.
 */
function vanishing() {
  const found = new Set();
  for (const [c, kind] of classes.entries()) {
    if (kind === MARK || kind === UNASSIGNED || marks.has(c) || (c >= 0xd800 && c <= 0xdfff)) continue;
    const text = String.fromCodePoint(c);
    const parts = text.normalize("NFKD");
    const folded = parts.toLowerCase().normalize("NFKD");
    if (c < 0x80 || (!folded.includes(text) && `a\u0345${parts}`.normalize("NFKD") === `a\u0345${parts}`))
      found.add(c);
  }
  return found;
}

/**
 * The classes that each code point may have in the table, as bits. What Unicode 15 does not assign must be frozen; what
 * folding leaves alone may be, so that the table has one run where letters and gaps alternate. An unassigned one counts
 * as the last assigned one before it that is no mark: so it goes on with the run, too. What vanishes goes with either.
 */
function allowed() {
  const moving = changing();
  const gone = vanishing();
  let last = OTHER;
  return classes.map((kind, c) => {
    if (kind === UNASSIGNED) return 1 << (last + FROZEN);
    if (kind !== MARK) last = kind === WORD ? WORD : OTHER;
    if (gone.has(c)) return (1 << OTHER) | (1 << WORD) | (1 << SPACE);
    const isFree = kind <= WORD && !moving.has(c);
    return (1 << kind) | (isFree ? 1 << (kind + FROZEN) : 0);
  });
}

/** Digits below BASE, then the classes where they do not follow by themselves, then one that says "one digit more". */
const BASE = 62;
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

function encode(runs) {
  const next = mostOftenNext(runs);
  const symbols = runs.flatMap(([kind, length], i) =>
    symbolsOf(kind, next[runs[i - 1]?.[0] ?? OTHER], length),
  );
  const count = new Array(MORE + 1).fill(0);
  for (const symbol of symbols) count[symbol]++;
  return { next, symbols, count };
}

/** Where a run may end: behind code points that may not have the same classes. */
const sets = allowed();
const ends = [...sets.keys(), CODE_POINTS].filter((c) => c === 0 || sets[c] !== sets[c - 1]);

/** The runs, class and length, whose symbols take the fewest bits, where each takes as many as it is rare in `code`. */
function cheapestRuns({ next, symbols, count }) {
  const bits = count.map((n) => Math.log2(symbols.length / (n + 0.5)));
  const bitsOf = (kind, expected, length) =>
    symbolsOf(kind, expected, length).reduce((sum, symbol) => sum + bits[symbol], 0);
  // The best way to each end, by the class of the run that ends there.
  const ways = ends.map(() => []);
  ways[0][OTHER] = { total: 0, runs: null };
  for (let i = 1; i < ends.length; i++)
    for (let kind = 0; kind < 6; kind++)
      for (let j = i - 1; j >= 0 && (sets[ends[j]] >> kind) & 1; j--)
        ways[j].forEach((way, before) => {
          const length = ends[i] - ends[j];
          const total = way.total + bitsOf(kind, next[before], length);
          if (total < (ways[i][kind]?.total ?? Number.POSITIVE_INFINITY))
            ways[i][kind] = { total, runs: { run: [kind, length], rest: way.runs } };
        });
  const best = ways.at(-1).reduce((a, b) => (b.total < a.total ? b : a));
  const runs = [];
  for (let at = best.runs; at !== null; at = at.rest) runs.unshift(at.run);
  return runs;
}

// What is rare depends on the runs: from any that will do, a few rounds find better ones.
let code = encode(ends.slice(1).map((end, i) => [31 - Math.clz32(sets[ends[i]]), end - ends[i]]));
for (let round = 0; round < 8; round++) code = encode(cheapestRuns(code));
const { next, symbols, count } = code;
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
 * The letter of each symbol: digits 0 to 61, a class that does not follow by itself (62 to 67), one digit more (68).
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
