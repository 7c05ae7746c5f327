// SPDX-License-Identifier: Apache-2.0
// Many rows from few: texts repeated with seeded edits, written to a file as they are made.

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { seeded } from "./data.mjs";

/** Letters of a typo. */
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Bytes that are collected before they are written. */
const CHUNK = 1 << 20;

function typo(word, random) {
  const at = random(word.length);
  // A cut through a pair of surrogates would leave half a character, which no JSON may hold.
  return (word.slice(0, at) + LETTERS[random(LETTERS.length)] + word.slice(at + random(2))).toWellFormed();
}

/**
 * An edited copy: a quarter of the words change places, one in ten is dropped, one has a typo, and two words of
 * other texts come in. Hardly any two copies are equal, and few are near-duplicates (a character-3-gram Jaccard of
 * 0.8 or more).
 */
export function edit(text, other, random) {
  const words = text.split(" ").filter((word) => word !== "" && random(10) > 0);
  for (let i = 0; i < words.length / 8 + 1 && words.length > 1; i++) {
    const [a, b] = [random(words.length), random(words.length)];
    [words[a], words[b]] = [words[b], words[a]];
  }
  if (words.length > 0) {
    const at = random(words.length);
    words[at] = typo(words[at], random);
  }
  const strangers = other.split(" ");
  for (let i = 0; i < 2; i++) words.splice(random(words.length + 1), 0, strangers[random(strangers.length)]);
  return words.join(" ");
}

/** Writes `rows` lines of JSON, line(i) each; memory does not grow with the rows. */
export async function writeLines(path, rows, line) {
  const out = createWriteStream(path);
  let buffer = "";
  for (let i = 0; i < rows; i++) {
    buffer += `${JSON.stringify(line(i))}\n`;
    if (buffer.length < CHUNK && i < rows - 1) continue;
    if (!out.write(buffer)) await once(out, "drain");
    buffer = "";
  }
  out.end();
  await once(out, "close");
}

/** Makes rows from base rows: each once as it is, then edited copies, in one seeded order. */
export function rowMaker(base, seed) {
  const random = seeded(seed);
  return (i) => {
    const row = base[i % base.length];
    if (i < base.length) return row;
    return { ...row, text: edit(row.text, base[random(base.length)].text, random) };
  };
}
