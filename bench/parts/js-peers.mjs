// SPDX-License-Identifier: Apache-2.0
// What a TypeScript user would pick instead, each in a process of its own with five minutes for the whole work.
import { fileURLToPath } from "node:url";
import { costOf, lastJson, measureNode, reasonOf } from "../lib/child.mjs";

export const PEERS = ["natural-bayes", "natural-logistic", "ml-logistic-regression", "tfjs", "fasttext-wasm"];
export const TASKS = ["banking77", "trec6", "goemotions"];
/** Seconds for one task. */
export const LIMIT = 300;
/** Rows that are tried where all of banking77 took too long, until one is done in time. */
const FEWER = [1000, 300];
const CHILD = fileURLToPath(new URL("../children/js-peer.mjs", import.meta.url));
/** TensorFlow.js and natural keep dense rows in the heap. */
const HEAP = ["--max-old-space-size=12000"];

async function peer(context, name, task, rows, limit) {
  const args = [CHILD, name, task, String(rows), context.shared];
  const run = await measureNode(args, { timeout: limit, nodeArgs: HEAP });
  if (run.code !== 0) return { unfinished: reasonOf(run, limit), rows, cost: costOf(run) };
  return { ...lastJson(run), cost: costOf(run) };
}

export async function run(context) {
  const steps = context.steps("js-peers");
  const limit = context.quick ? 20 : LIMIT;
  const all = context.quick ? 1000 : Number.MAX_SAFE_INTEGER;
  for (const name of PEERS) {
    const whole = await steps.run(`${name} banking77`, () => peer(context, name, "banking77", all, limit));
    if (whole.unfinished !== undefined || whole.failed !== undefined) {
      await fewer(context, steps, name, limit);
      continue;
    }
    for (const task of TASKS.slice(1))
      await steps.run(`${name} ${task}`, () => peer(context, name, task, all, limit));
  }
}

async function fewer(context, steps, name, limit) {
  for (const rows of context.quick ? [100] : FEWER) {
    const tried = await steps.run(`${name} banking77 ${rows}`, () =>
      peer(context, name, "banking77", rows, limit),
    );
    if (tried.unfinished === undefined && tried.failed === undefined) return;
  }
}
