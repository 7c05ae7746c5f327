// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { diffText } from "../../src/cli/diff-text.ts";
import { diffPage, type PackDiff, type TaskComparison, type TaskSide } from "../../src/report/diff-page.ts";

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
    "colour: accuracy +0.1000 (-0.2000 to +0.4000, 95 %, Newcombe, as if the rows were others); no row is in both",
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

/** The diff with another comparison of its only task. */
function compared(comparison: TaskComparison): PackDiff {
  return { ...DIFF, tasks: DIFF.tasks.map((task) => ({ ...task, comparison })) };
}

it("gives the reason alone where not both packs were measured", () => {
  const text = diffText(compared({ kind: "unpaired", accuracy: null, why: "no row is in both" }), 1);
  expect(text).toContain("\n\ncolour: no row is in both\n\n");
});

it.each([
  [3e-7, "<0.0001"],
  [0.0000499, "<0.0001"],
  [0.00005, "0.0001"],
  [0.0123, "0.0123"],
])("prints p %d as %s", (pValue, expected) => {
  const figures = { a: 0.5, b: 0.75, difference: [0.1, 0.4] } as const;
  const diff = compared({
    kind: "paired",
    coverage: { a: 1, b: 1 },
    rows: 100,
    accuracy: figures,
    macroF1: figures,
    logLoss: figures,
    onlyA: 3,
    onlyB: 28,
    pValue,
  });
  expect(
    diffText(diff, 1)
      .split("\n")
      .find((line) => / 3 +28 /.test(line))
      ?.endsWith(` ${expected}`),
  ).toBe(true);
  expect(diffPage(diff)).toContain(`>${expected.replace("<", "&lt;")}</td>`);
});
