// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calibrateRows } from "../../src/training/calibration.ts";
import { type JudgedRows, judge, LEAST_ROWS_OF_LABEL } from "../../src/training/plausibility.ts";
import { fitTemperature } from "../../src/training/temperature.ts";

type Row = readonly [label: number, ...scores: number[]];

const rows = (given: readonly Row[]): JudgedRows => ({
  label: Uint32Array.from(given, ([label]) => label),
  scores: Float32Array.from(given.flatMap(([, ...scores]) => scores)),
});

const times = (n: number, row: Row): Row[] => Array.from({ length: n }, () => row);

/** Twenty rows each of labels 0 and 1, most of them sure of it, two rows of 0 that look like 1; too few of 2. */
const REAL: readonly Row[] = [
  ...times(10, [0, 3, 0, 0]),
  ...times(8, [0, 1, 0, 0]),
  ...times(2, [0, 0, 3, 0]),
  ...times(12, [1, 0, 3, 0]),
  ...times(8, [1, 0, 1, 0]),
  ...times(LEAST_ROWS_OF_LABEL - 1, [2, 0, 0, 2]),
];

const judged = (synthetic: readonly Row[]) =>
  judge({ labels: 3, real: rows(REAL), synthetic: rows(synthetic) });

/** Probabilities at the temperature of the real rows. */
const chances = (given: readonly Row[]) => {
  const real = rows(REAL);
  const temperature = fitTemperature(real.scores, real.label, null);
  return calibrateRows({ method: "temperature", temperature }, rows(given).scores, 3);
};

describe("judge", () => {
  it("takes the mean probability of a label in its real rows as what to expect of it", () => {
    const { threshold } = judged([]);
    const mean = (label: number) => {
      const own = REAL.filter(([k]) => k === label);
      return chances(own).reduce((sum, p, at) => sum + (at % 3 === label ? p : 0), 0) / own.length;
    };
    expect(threshold[0]).toBeCloseTo(mean(0), 12);
    expect(threshold[1]).toBeCloseTo(mean(1), 12);
    expect(threshold[0]).toBeLessThan(threshold[1] as number);
    expect(threshold[2]).toBe(Number.POSITIVE_INFINITY);
  });

  it.each<{ readonly name: string; readonly row: Row; readonly likelier: number }>([
    { name: "a row as the real ones are", row: [0, 3, 0, 0], likelier: 0 },
    { name: "another label's words", row: [0, 0, 3, 0], likelier: 1 },
    { name: "the same the other way round", row: [1, 3, 0, 0], likelier: 0 },
    { name: "nothing that speaks for any label", row: [0, 0, 0, 0], likelier: 0 },
    {
      name: "another label that is likelier, and under what is expected of it",
      row: [0, 0, 0.5, 0],
      likelier: 0,
    },
    { name: "a label with too few real rows to judge by", row: [2, 0, 5, -5], likelier: 2 },
    { name: "a label with too few real rows as the likelier one", row: [0, 0, 0, 9], likelier: 0 },
  ])("judges $name", ({ row, likelier }) => {
    expect([...judged([row]).likelier]).toEqual([likelier]);
  });

  it("does not hold a label against a row that is likelier to have its own", () => {
    // Real rows of 1 are never sure, those of 0 always: .6 for label 0 is little, and .4 for label 1 enough.
    const real = rows([...times(20, [0, 4, 0]), ...times(20, [1, 0.6, 0])]);
    const { threshold, likelier } = judge({ labels: 2, real, synthetic: rows([[0, 0.4, 0]]) });
    const temperature = fitTemperature(real.scores, real.label, null);
    const [own, other] = calibrateRows({ method: "temperature", temperature }, Float32Array.of(0.4, 0), 2);
    expect(own).toBeLessThan(threshold[0] as number);
    expect(other).toBeGreaterThan(threshold[1] as number);
    expect([...likelier]).toEqual([0]);
  });

  it("has nothing against a row that is as probable as real ones of its label, whatever else it could be", () => {
    // Nothing is to be learnt here: a third is what every label gets.
    const real = rows([0, 1, 2].flatMap((k) => times(20, [k, 0, 0, 0])));
    const { threshold, likelier } = judge({ labels: 3, real, synthetic: rows([[0, 2, 2.2, 0]]) });
    expect([...threshold].map((t) => t.toFixed(9))).toEqual(["0.333333333", "0.333333333", "0.333333333"]);
    expect([...likelier]).toEqual([0]);
  });

  it("says how often it takes a right row for a wrong one", () => {
    // 2 of the 20 real rows of label 0 look like label 1, and none of label 1 like another.
    const synthetic: Row[] = [
      ...times(30, [0, 3, 0, 0]),
      ...times(7, [1, 0, 3, 0]),
      ...times(5, [2, 0, 0, 2]),
    ];
    expect(judged(synthetic).expected).toBeCloseTo(3, 12);
    expect(judged([]).expected).toBe(0);
  });

  it("gives each row's confidence as a share of what is expected", () => {
    const given: Row[] = [
      [0, 3, 0, 0],
      [1, 3, 0, 0],
      [2, 0, 0, 0],
    ];
    const { confidence, threshold } = judged(given);
    const p = chances(given);
    expect(confidence[0]).toBeCloseTo((p[0] as number) / (threshold[0] as number), 12);
    expect(confidence[1]).toBeCloseTo((p[4] as number) / (threshold[1] as number), 12);
    expect(confidence[2]).toBe(0);
  });

  it("judges each row by itself", () => {
    const score = fc.integer({ min: -40, max: 40 }).map((n) => n / 10);
    const row = fc.tuple(fc.nat({ max: 2 }), score, score, score);
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (given) => {
        const all = judged(given);
        given.forEach((one, i) => {
          const alone = judged([one]);
          expect([all.likelier[i], all.confidence[i]]).toEqual([alone.likelier[0], alone.confidence[0]]);
        });
      }),
      { numRuns: 40 },
    );
  });
});
