// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { diffText } from "../../src/cli/diff-text.ts";
import type { PackDiff, TaskSide } from "../../src/report/diff-page.ts";

const SIDE: TaskSide = {
  rows: 10,
  accuracy: 0.8,
  macroF1: 0.75,
  logLoss: 0.5,
  ece: 0.1,
  calibration: "temperature 1.000",
  minConfidence: null,
  default: null,
};

const DIFF: PackDiff = {
  a: { version: "0123456789ab", dataset: "ba9876543210", bytes: 20 },
  b: { version: "0123456789ac", dataset: "ba9876543210", bytes: 10 },
  families: [{ family: "router", a: { features: 5, bytes: 20 }, b: { features: 4, bytes: 10 } }],
  added: [],
  removed: ["gone"],
  tasks: [
    {
      task: "colour",
      family: "router",
      labels: { added: ["\u001b[31m"], removed: [] },
      a: SIDE,
      b: { ...SIDE, accuracy: 0.9 },
      comparison: { kind: "unpaired", accuracy: [-0.2, 0.4], why: "no row is in both" },
    },
  ],
  settings: [{ name: "train.max_iter", a: "25", b: null }],
  texts: [
    {
      task: "colour",
      texts: 4,
      repeated: 6,
      dropped: 2,
      flips: ["one", "two\n\u001b[2J"].map((text) => ({
        texts: [text],
        a: { label: "red", confidence: 0.9, reason: null },
        b: { label: null, confidence: 0, reason: "low_confidence" },
      })),
      pairs: [{ a: "red", b: null, texts: 2 }],
    },
  ],
};

it("prints figures, differences, settings and the first flips, and nothing that a terminal obeys", () => {
  const text = diffText(DIFF, 1);
  expect(text).toContain("A  0123456789ab of dataset ba9876543210\nB  0123456789ac of dataset ba9876543210");
  expect(text).toContain(
    "colour: accuracy +0.1000 (-0.2000 to +0.4000, 95 %, Newcombe, as if the rows were others)",
  );
  expect(text).toContain("tasks only in A: gone\nlabels of colour only in B: \\u001b[31m");
  expect(text).toMatch(/train\.max_iter +25 +-/);
  expect(text).toContain(
    "colour: 2 answers of 4 texts (6 repeated, 2 left out: no usable text) flipped (50.0 %)",
  );
  expect(text).toMatch(/red +0\.900 +\(no answer\) +low_confidence +one\nand 1 more/);
  expect(diffText(DIFF, 2)).toContain("two\\n\\u001b[2J");
  expect(diffText(DIFF, 2)).not.toContain("\u001b");
});
