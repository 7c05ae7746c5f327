// SPDX-License-Identifier: Apache-2.0
import { digits, done, table, whyNot } from "./text.mjs";

export function microSection(results) {
  const step = done(results, "micro", "loops");
  if (step === undefined) return `## Hot loops\n\n${whyNot(results, "micro", "loops")}\n`;
  const rows = step.loops.map(({ loop, file, unit, ns, fastest_ns, failed }) =>
    failed === undefined
      ? [loop, `\`${file}\``, `${digits(ns)} ns per ${unit}`, `${digits(fastest_ns)} ns`]
      : [loop, `\`${file}\``, `failed: ${failed}`, ""],
  );
  const text =
    "Each loop by itself, with mitata, on banking77's test texts (seven times over where `train` works on many rows), mrpc's test pairs and a seeded problem for the " +
    "solvers. The comment beside a loop has its number too, as a range where machines differed.";
  return `## Hot loops\n\n${text}\n\n${table(["loop", "file", "p50", "fastest"], rows, 2)}\n`;
}
