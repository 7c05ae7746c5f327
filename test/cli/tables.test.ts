import { describe, expect, it } from "vitest";
import { metricsTable } from "../../src/cli/tables.ts";
import type { SplitMetrics } from "../../src/pipeline/evaluation.ts";

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
