// SPDX-License-Identifier: Apache-2.0
// The whole way on the starter rows: prepare, train, and predictions of all three families. No network, no LLM.
import { fileURLToPath } from "node:url";
import { run } from "./cli.mjs";

const config = "examples/quickstart.toml";
process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const step = async (title, args) => {
  console.log(`\n> modelpack ${args.join(" ")}\n  ${title}\n`);
  await run(args);
  if (process.exitCode) process.exit();
};

await step("reads the starter rows in datasets/starter/, removes duplicates, splits and balances them", [
  "prepare",
  "--config",
  config,
]);
await step("fits and calibrates one model a family, and measures it on rows that it never saw", [
  "train",
  "--config",
  config,
]);

const { loadConfig } = await import("../dist/index.js");
const { openModelpack } = await import("../dist/runtime/node.js");
const { paths } = loadConfig(config).config;
const pack = await openModelpack(paths.trained_models_dir, { strict: true });

const texts = [
  "can you move 200 euros to my savings account?",
  "what's the capital of Peru?",
  "I work nights as a nurse",
];
const pairs = [["I live in Lisbon", "I moved to Madrid in May and live there now"]];
const show = (predictions) => {
  for (const { task, label, confidence } of predictions)
    console.log(`    ${task.padEnd(20)} ${String(label).padEnd(18)} ${confidence.toFixed(2)}`);
};

console.log("\nPredictions, each with its calibrated probability:");
for (const { family, tasks } of pack.status().families) {
  const pair = pack.status().tasks.find(({ task }) => task === tasks[0])?.input === "pair";
  console.log(`\n  family ${family}`);
  for (const input of pair ? pairs : texts) {
    console.log(
      `  ${pair ? input.map((text) => JSON.stringify(text)).join(" and ") : JSON.stringify(input)}`,
    );
    show(pair ? pack.predictFamily(family, input[0], input[1]) : pack.predictFamily(family, input));
  }
}

const started = process.hrtime.bigint();
const rounds = 20_000;
for (let i = 0; i < rounds; i++) pack.predict("query_domain", texts[i % texts.length]);
const micros = Number(process.hrtime.bigint() - started) / 1000 / rounds;

console.log(`
One prediction of query_domain took ${micros.toFixed(1)} microseconds here, on average over ${rounds} of them.

Where to look next:
  ${config}  the questions, their answers and the rows; change it and run this again
  datasets/starter/         the rows that these models learnt from
  model_pipeline.toml       the pipeline for real use: 18 questions, 13 public datasets (npm run prepare)
  npx modelpack status -c ${config}
  npx modelpack explain -c ${config} --task query_domain "can you move 200 euros to my savings account?"
  README.md                 the loader in your application, and the other commands
`);
