// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** "The 16 tasks": families dialogue and opinion of examples/public-tasks.toml. */
export const DIALOGUE = [
  "banking77",
  "goemotions",
  "sgd_domain",
  "sgd_act",
  "sgd_intent",
  "clickbait",
  "hate_davidson",
  "trec6",
  "trec50",
];
const OPINION = ["sst2", "sst5", "subj", "mr", "mpqa", "cr", "imdb_cad"];
export const SIXTEEN = [...DIALOGUE, ...OPINION];
export const PAIRS = ["mrpc", "snli_cad", "entity_match"];

/** Rows {text, label} or {text_a, text_b, label} of a split, in the order of the file. */
export function readRows(shared, task, split) {
  const lines = gunzipSync(readFileSync(join(shared, "data", task, `${split}.jsonl.gz`))).toString();
  return lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Seeded generator: random(n) is a whole number in [0, n). */
export function seeded(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** The first `count` of `items` in a seeded random order. */
export function sampleOf(items, count, seed) {
  const random = seeded(seed);
  const all = [...items];
  for (let i = 0; i < Math.min(count, all.length); i++) {
    const j = i + random(all.length - i);
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all.slice(0, count);
}
