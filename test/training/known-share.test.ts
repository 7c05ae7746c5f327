// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import type { TaskInputs } from "../../src/training/inputs.ts";
import { knownShares } from "../../src/training/known-share.ts";
import { assembleFamily, storeHead } from "../../src/training/quantizer.ts";
import { ANALYZER, type ExampleRow, examples, separableRows } from "../support/examples.ts";
import { vectorizeFamily } from "../support/task-rows.ts";

const LABELS = ["a", "b", "c"];
const ODD = ["", "word word word", "ünïcode ß ß ß", "nothing of this this", "topic0 topic0 topic1", "😀 😀"];

/** Rows of eval: of the trained sort, and odd ones. */
const held = fc.array(
  fc.record({
    text: fc.oneof(
      fc.constantFrom(...ODD),
      fc.constantFrom(...separableRows(3, 9, 8).map(({ text }) => text)),
    ),
    label: fc.constant(0),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What `knownShares` and the model that ships say of each task's eval rows; bit t of `uses(id)`: task t has weights for it. */
function sharesOf(
  evals: readonly (readonly ExampleRow[])[],
  uses: (id: number) => number,
  maxFeatures: number,
) {
  const train = examples(separableRows(3, 30, 1));
  const tasks = evals.map((rows) => ({ train, eval: examples(rows) }));
  const { inputs, family, chunks } = vectorizeFamily(tasks, { maxFeatures });
  const ids = Uint32Array.from(family.hashes.keys());
  const heads = evals.map((_, t) => {
    const weights = Float32Array.from({ length: ids.length * LABELS.length }, (__, at) =>
      (uses(Math.floor(at / LABELS.length)) >> t) & 1 ? 1 : 0,
    );
    return storeHead(
      { ids, weights, bias: new Float64Array(LABELS.length) },
      LABELS.length,
      family.weights,
      "none",
    );
  });
  const outline = {
    ...{
      family: "f",
      input: "text" as const,
      analyzer: ANALYZER,
      features: family,
      quantization: "none" as const,
    },
    tasks: evals.map((_, t) => ({ name: `t${t}`, labels: LABELS, default: null, minConfidence: null })),
  };
  const classifier = familyClassifier(assembleFamily(outline, heads));
  const shipped = evals.map((rows, t) =>
    rows.map(({ text }) => {
      classifier.scores(t, text, "");
      return classifier.knownShare(t);
    }),
  );
  const of = inputs.tasks.map((task: TaskInputs) => task.eval);
  const known = knownShares({ chunks, features: family.hashes.length, inputs: of, heads });
  return { known: known.map((shares) => [...shares]), shipped };
}

describe("knownShares", () => {
  it("says what the model that ships says after reading the text", () => {
    fc.assert(
      fc.property(
        held,
        held,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(0, 30, 10_000),
        (a, b, bits, most) => {
          const { known, shipped } = sharesOf([a, b], (id) => (id * bits) % 4, most);
          expect(known).toEqual(shipped);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("is 1 where a task has all, and 0 where no task has any", () => {
    const rows = [{ text: separableRows(3, 30, 1)[0]?.text as string, label: 0 }];
    expect(sharesOf([rows], () => 1, 10_000)).toEqual({ known: [[1]], shipped: [[1]] });
    expect(sharesOf([rows], () => 0, 10_000)).toEqual({ known: [[0]], shipped: [[0]] });
  });
});
