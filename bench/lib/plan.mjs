// SPDX-License-Identifier: Apache-2.0
// Which tasks a run measures.
import { PAIRS, SIXTEEN, sampleOf } from "./data.mjs";

/** What --quick has instead of the 16 tasks and the three pair sets. */
const QUICK = { single: ["banking77", "trec6", "sst2", "sst5"], pairs: ["mrpc"] };
/** By rows of train. */
const SMALLEST = ["cr", "imdb_cad", "trec6", "trec50", "sst2", "subj"];
const SEED = 1;

/** The families of the 16 single-text tasks, as examples/public-tasks.toml has them. */
export const FAMILIES = "dialogue,opinion";

export function tasksOf({ quick }) {
  return quick ? QUICK : { single: SIXTEEN, pairs: PAIRS };
}

/** "Any six of them": six drawn with a seed, and the six smallest, where a fixed cost weighs most. */
export function sixes({ quick }) {
  if (quick) return { "six-drawn": ["trec6", "sst2"] };
  return { "six-drawn": sampleOf(SIXTEEN, 6, SEED), "six-smallest": SMALLEST };
}
