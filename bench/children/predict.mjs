// SPDX-License-Identifier: Apache-2.0
// Latency of predictions: node predict.mjs SINGLE_PACK PAIRS_PACK SHARED. Prints one JSON line.
import { openModelpack } from "../../dist/runtime/node.js";
import { readRows } from "../lib/data.mjs";
import { latency, mean, median } from "../lib/figures.mjs";
import { analyzed, openInputs } from "../loops/inputs.mjs";

const [single, pairs, shared] = process.argv.slice(2);
/** Rounds over the texts: the first ones warm the compiler up and are left out. */
const WARM = 3;
const ROUNDS = 7;
const PAIR_WORDS = 20;

/** p50 and p99 of one call, every call timed by itself, and the mean of the median round. */
function timeCalls(inputs, call) {
  const times = [];
  const rounds = [];
  for (let round = 0; round < WARM + ROUNDS; round++) {
    const started = performance.now();
    for (const input of inputs) {
      const from = performance.now();
      call(input);
      if (round >= WARM) times.push((performance.now() - from) * 1000);
    }
    if (round >= WARM) rounds.push(((performance.now() - started) * 1000) / inputs.length);
  }
  return { ...latency(times), mean_us: median(rounds) };
}

/** Both texts brought to 20 words: cut, or with their own words again. */
function ofTwentyWords(text) {
  const words = text.split(/\s+/).filter((word) => word !== "");
  return Array.from({ length: PAIR_WORDS }, (_, i) => words[i % words.length]).join(" ");
}

const inputs = await openInputs(single, shared);
const { texts } = inputs;
const pairTexts = readRows(shared, "mrpc", "test")
  .filter(({ text_a, text_b }) => text_a.trim() !== "" && text_b.trim() !== "")
  .map(({ text_a, text_b }) => [ofTwentyWords(text_a), ofTwentyWords(text_b)]);
const pack = await openModelpack(single, { strict: true });
const family = pack.status().tasks.find(({ task }) => task === "banking77").family;
const task = timeCalls(texts, (text) => pack.predict("banking77", text));
const whole = timeCalls(texts, (text) => pack.predictFamily(family, text));
const batches = timeCalls([texts], (all) => pack.predictBatch("banking77", all));
const pairPack = await openModelpack(pairs, { strict: true });
const pair = timeCalls(pairTexts, ([a, b]) => pairPack.predictPair("mrpc", a, b));
const grams = (await analyzed(inputs)).grams / texts.length;
console.log(
  JSON.stringify({
    task,
    family: { ...whole, tasks: pack.status().families.find((f) => f.family === family).tasks.length },
    batch_us_per_text: batches.p50_us / texts.length,
    pair,
    texts: texts.length,
    mean_characters: mean(texts.map((text) => text.length)),
    mean_grams: grams,
    ns_per_gram: (task.mean_us * 1000) / grams,
  }),
);
