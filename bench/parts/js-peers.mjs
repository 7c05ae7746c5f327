// SPDX-License-Identifier: Apache-2.0
// What a TypeScript user would pick instead, each in a process of its own with five minutes for the whole work, between two runs of ours.
import { fileURLToPath } from "node:url";
import { between } from "../lib/beside.mjs";
import { costOf, lastJson, measureNode, reasonOf } from "../lib/child.mjs";
import { ALONE } from "../lib/plan.mjs";

export const PEERS = ["natural-bayes", "natural-logistic", "ml-logistic-regression", "tfjs", "fasttext-wasm"];
/** Seconds for one task. */
export const LIMIT = 300;
/** Rows that are tried where all of banking77 took too long, until one is done in time. */
const FEWER = [1000, 300];
const CHILD = fileURLToPath(new URL("../children/js-peer.mjs", import.meta.url));
/** Seconds of {@link LIMIT} on top, for timing single calls: those of children/js-peer.mjs. */
const TIMING = 10;
const isHeapFull = ({ code, stderr }) => code !== 0 && /heap out of memory/.test(stderr);
/** TensorFlow.js and natural keep dense rows in the heap. */
const HEAP = ["--max-old-space-size=12000"];

/** `rows` null is all of them. A peer that is stopped, for its time or its memory, has `unfinished` in place of its figures. */
async function peer(context, name, task, rows, limit) {
  const args = [CHILD, name, task, context.shared, ...(rows === null ? [] : [String(rows)])];
  // What times single calls is no part of the work, but ends before the peer tells what it did.
  const run = await measureNode(args, { timeout: limit + TIMING, nodeArgs: HEAP });
  if (run.timedOut || run.outOfMemory || isHeapFull(run))
    return { unfinished: isHeapFull(run) ? "out of heap" : reasonOf(run, limit), cost: costOf(run) };
  if (run.code !== 0) throw new Error(reasonOf(run, limit));
  const { timing_seconds, ...result } = lastJson(run);
  const seconds = run.seconds - timing_seconds;
  if (seconds > limit) return { unfinished: `done after ${seconds.toFixed(0)} s`, cost: costOf(run) };
  return { ...result, cost: costOf({ ...run, seconds }) };
}

export async function run(context) {
  const steps = context.steps("js-peers");
  const limit = context.quick ? 20 : LIMIT;
  const all = context.quick ? 1000 : null;
  const [first, small, large] = ALONE;
  const tried = (name, task) =>
    steps.run(`${name} ${task}`, () =>
      between(context, task, [], () => peer(context, name, task, all, limit)),
    );
  for (const name of PEERS) {
    const whole = await tried(name, first);
    if (!isFinished(whole)) await fewer(context, steps, name, limit);
    // Who can't do the small one in time is not asked for one of eight times as many rows.
    if (isFinished(await tried(name, small))) await tried(name, large);
  }
}

const isFinished = ({ unfinished, failed }) => unfinished === undefined && failed === undefined;

async function fewer(context, steps, name, limit) {
  for (const rows of context.quick ? [100] : FEWER) {
    const tried = await steps.run(`${name} ${ALONE[0]} ${rows}`, () =>
      peer(context, name, ALONE[0], rows, limit),
    );
    if (isFinished(tried)) return;
  }
}
