import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyAccumulator } from "../../src/model/family-classifier.ts";
import {
  type Head,
  LinearModel,
  type LinearWeights,
  maskBytes,
  mostLabels,
} from "../../src/model/linear-model.ts";
import { blockStarts } from "../../src/model/opening.ts";
import { SparseVector } from "../../src/model/vectorizer.ts";

/** A dense model: a weight, or null where the task does not use the feature. */
interface Dense {
  readonly heads: readonly Head[];
  /** [feature][task], one weight a label. */
  readonly weights: readonly (readonly (readonly number[] | null)[])[];
}

function sparse({ heads, weights }: Dense): LinearWeights {
  const bytes = maskBytes(heads.length);
  const mask = new Uint8Array(weights.length * bytes);
  const values: number[] = [];
  weights.forEach((tasks, f) => {
    tasks.forEach((block, t) => {
      if (block === null) return;
      const at = f * bytes + Math.floor(t / 8);
      mask[at] = (mask[at] as number) + 2 ** (t % 8);
      values.push(...block);
    });
  });
  return { mask, values: Int8Array.from(values) };
}

const weight = fc.integer({ min: -127, max: 127 });
const list = <T>(of: fc.Arbitrary<T>, length: number) =>
  fc.array(of, { minLength: length, maxLength: length });

const heads = (labels: readonly number[]): Head[] =>
  labels.map((n, t) => ({
    labels: Array.from({ length: n }, (_, k) => `label ${k}`),
    scale: Float32Array.from({ length: n }, (_, k) => 1 / (2 + t + k)),
    bias: Float32Array.from({ length: n }, (_, k) => t / 4 - k),
  }));

const dense = (tasks: number) =>
  list(fc.integer({ min: 1, max: 4 }), tasks).chain((labels) =>
    fc
      .array(fc.tuple(...labels.map((n) => fc.option(list(weight, n), { freq: 2 }))), {
        minLength: 1,
        maxLength: 6,
      })
      .map((weights): Dense => ({ heads: heads(labels), weights })),
  );

const vectors = (features: number) =>
  fc.array(fc.tuple(fc.nat(features - 1), fc.double({ min: -2, max: 2, noNaN: true })), { maxLength: 20 });

function vectorOf(entries: readonly (readonly [number, number])[]): SparseVector {
  const x = new SparseVector();
  entries.forEach(([id, value], i) => {
    x.ids[i] = id;
    x.values[i] = value;
  });
  x.length = entries.length;
  return x;
}

function naiveScores(
  { heads: all, weights }: Dense,
  entries: readonly (readonly [number, number])[],
  t: number,
) {
  const { labels, scale, bias } = all[t] as Head;
  return labels.map((_, k) => {
    const sum = entries.reduce((s, [f, value]) => {
      const product = Math.fround(Math.fround(value) * (weights[f]?.[t]?.[k] ?? 0));
      return Math.fround(s + product);
    }, 0);
    return sum * (scale[k] as number) + (bias[k] as number);
  });
}

const linearModel = (heads: readonly Head[], weights: LinearWeights) =>
  new LinearModel(
    heads,
    weights,
    blockStarts(
      heads.map((head) => head.labels.length),
      weights.mask,
    ),
    anyAccumulator(weights.values, mostLabels(heads)),
  );
const modelOf = (model: Dense) => linearModel(model.heads, sparse(model));

describe("LinearModel", () => {
  it.each([1, 2, 7, 8, 9, 31, 32, 33, 41, 64, 65])("scores %d tasks as the dense sums do", (tasks) => {
    const cases = dense(tasks).chain((model) => fc.tuple(fc.constant(model), vectors(model.weights.length)));
    fc.assert(
      fc.property(cases, ([model, entries]) => {
        const linear = modelOf(model);
        const x = vectorOf(entries);
        model.heads.forEach((head, t) => {
          const one = new Float64Array(head.labels.length).fill(Number.NaN);
          const known = entries.filter(([f]) => model.weights[f]?.[t] != null).length;
          expect(linear.score(x, t, one)).toBe(known);
          const expected = naiveScores(model, entries, t);
          one.forEach((score, k) => {
            expect(Math.abs(score - (expected[k] as number))).toBe(0);
          });
        });
      }),
      { numRuns: 30 },
    );
  });

  it.each([5, 33, 50])("finds the block of each of %d tasks, and counts the weights", (tasks) => {
    fc.assert(
      fc.property(dense(tasks), (model) => {
        const linear = modelOf(model);
        let at = 0;
        model.weights.forEach((row, f) => {
          row.forEach((block, t) => {
            expect(linear.block(f, t)).toBe(block === null ? -1 : at);
            block?.forEach((w, k) => {
              const scale = model.heads[t]?.scale[k] as number;
              expect(linear.weight(t, at, k)).toBe(w * scale);
            });
            at += block?.length ?? 0;
          });
        });
        const labels = model.heads.map((head) => head.labels.length);
        expect(blockStarts(labels, sparse(model).mask).size).toBe(at);
      }),
      { numRuns: 30 },
    );
  });

  it("counts more weights than any file has for a mask with a task too many", () => {
    expect(blockStarts([2, 3, 4], Uint8Array.of(0b101)).size).toBe(6);
    expect(blockStarts([2, 3, 4], Uint8Array.of(0b1001)).size).toBeGreaterThanOrEqual(2 ** 31);
  });

  it("answers an empty vector, and a model without features, with the bias", () => {
    const model = linearModel(heads([2, 3]), { mask: new Uint8Array(0), values: new Int8Array(0) });
    const out = [new Float64Array(2), new Float64Array(3)];
    expect(out.map((scores, t) => model.score(new SparseVector(), t, scores))).toEqual([0, 0]);
    expect(out.map((scores) => [...scores])).toEqual([
      [0, -1],
      [0.25, -0.75, -1.75],
    ]);
  });

  it("takes weights that are not quantized", () => {
    const head: Head = { labels: ["a", "b"], scale: Float32Array.of(1, 1), bias: Float32Array.of(0, 0.5) };
    const model = linearModel([head], { mask: Uint8Array.of(1), values: Float32Array.of(0.25, -1.5) });
    const out = new Float64Array(2);
    model.score(vectorOf([[0, 2]]), 0, out);
    expect([...out]).toEqual([0.5, -2.5]);
  });

  it.each([
    [1, 1],
    [8, 1],
    [9, 2],
    [32, 4],
    [33, 5],
    [256, 32],
  ])("%d tasks have masks of %d bytes", (tasks, bytes) => {
    expect(maskBytes(tasks)).toBe(bytes);
  });
});
