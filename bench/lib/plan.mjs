// SPDX-License-Identifier: Apache-2.0
// Which tasks a run measures.
import { PAIRS, SIXTEEN, sampleOf } from "./data.mjs";

/** What --quick has instead of the 16 tasks and the three pair sets. */
const QUICK = { single: ["banking77", "trec6", "sst2", "sst5"], pairs: ["mrpc"] };
/** By rows of train. */
const SMALLEST = ["cr", "imdb_cad", "trec6", "trec50", "sst2", "subj"];
const SEED = 1;

/** Epochs of reference-loop that are measured, and to how many the tables scale them. */
export const MEASURED_EPOCHS = 2;
export const FULL_EPOCHS = 25;
/** Tasks that are trained by themselves, too. */
export const ALONE = ["banking77", "trec6", "goemotions"];

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

/** What is trained beside a peer, and the step of part `ours` that has it. */
export const GROUPS = [
  { step: "train", name: "the 16 tasks" },
  { step: "six-drawn", name: "six drawn tasks" },
  { step: "six-smallest", name: "the six smallest tasks" },
];
