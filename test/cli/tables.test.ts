// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { abstentionTable, metricsTable } from "../../src/cli/tables.ts";
import type { SplitMetrics } from "../../src/pipeline/evaluation.ts";
import { measureOutOfScope, shareOf } from "../../src/training/answered.ts";

/** A split of tasks that have nothing but an ECE and its band. */
function measured(errors: Readonly<Record<string, readonly [ece: number | null, band: number | null]>>) {
  const none = { accuracy: null, macro_f1: null, log_loss: null, ece_uncalibrated: null };
  const per_task = new Map(
    Object.entries(errors).map(([task, [ece, ece_band_95]]) => [
      task,
      { ...none, rows: 9, ece, ece_band_95 },
    ]),
  );
  return { family: "f", split: "test", overall: null, per_task } as unknown as SplitMetrics["metrics"];
}

const rowOf = (table: string, task: string) => table.split("\n").find((line) => line.includes(task));

describe("metricsTable", () => {
  it("marks an ECE over its band, unless it is small anyway", () => {
    const table = metricsTable([measured({ high: [0.05, 0.03], wide: [0.05, 0.06], small: [0.019, 0.001] })]);
    expect(rowOf(table, "high")).toContain("* 0.0500     0.0300");
    expect(rowOf(table, "wide")).not.toContain("*");
    expect(rowOf(table, "small")).not.toContain("*");
    expect(table).toMatch(/\n\n\* more than 0\.02, and/);
  });

  it("explains no mark where there is none, and has a dash for a figure without rows", () => {
    const table = metricsTable([measured({ fine: [0.01, 0.02], empty: [null, null] })]);
    expect(table).not.toContain("*");
    expect(rowOf(table, "empty")).toMatch(/-\s+-\s+-$/);
  });
});

/** A split of tasks that have nothing but what a threshold does. */
function abstaining(tasks: Readonly<Record<string, object>>) {
  const none = { min_confidence: null, answered: null, out_of_scope: null, real: null };
  const per_task = new Map(Object.entries(tasks).map(([task, figures]) => [task, { ...none, ...figures }]));
  return { family: "f", split: "test", overall: null, per_task } as unknown as SplitMetrics["metrics"];
}

const answered = (right: number) => ({
  rows: 200,
  answered: 100,
  right,
  coverage: shareOf(100, 200),
  precision: shareOf(right, 100),
});

describe("abstentionTable", () => {
  it("is nothing where no task abstains", () => {
    expect(abstentionTable([abstaining({ plain: {} })])).toBe("");
  });

  it("has coverage and precision with their intervals, of the real rows where there are some", () => {
    const table = abstentionTable([
      abstaining({
        plain: {},
        all: { min_confidence: 0.5, answered: answered(97) },
        real: { min_confidence: 0.5, answered: answered(97), real: { answered: answered(90) } },
      }),
    ]);
    expect(rowOf(table, "plain")).toBeUndefined();
    expect(rowOf(table, "all")).toMatch(/0\.5000 +200 +0\.500 \(0\.431-0\.569\) +0\.970 \(0\.915-0\.990\)$/);
    expect(rowOf(table, "real")).toContain("0.900 (0.826-0.945)");
    expect(table).not.toContain("AUROC");
  });

  it("has out-of-scope rows with or without a threshold", () => {
    const inside = Float64Array.of(0.7, 0.8, 0.9);
    const out_of_scope = measureOutOfScope(inside, Float64Array.of(0.1, 0.75), null);
    const table = abstentionTable([abstaining({ outside: { out_of_scope } })]);
    expect(rowOf(table, "outside")).toMatch(/outside +- +- +- +- +2 +- +0\.833 \(.*\) +0\.500 \(/);
  });
});
