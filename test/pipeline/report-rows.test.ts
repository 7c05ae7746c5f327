// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { SplitCount } from "../../src/data/split-counts.ts";
import type { DatasetManifest } from "../../src/pipeline/dataset-manifest.ts";
import { rowsOfTask } from "../../src/pipeline/report-rows.ts";

const none = { real: 0, llm_labelled: 0, synthetic: 0 };
const manifest = {
  tasks: [
    {
      task: "colour",
      family: "router",
      labels: [
        {
          label: "red",
          train: { ...none, real: 5, synthetic: 2 },
          test: none,
          eval: { ...none, real: 1 },
          official: { test: 3, eval: 0 },
          cut: 4,
          deficit: 1,
        },
        {
          label: "__proto__",
          train: { ...none, real: 2 },
          test: none,
          eval: none,
          official: { test: 0, eval: 0 },
          cut: 0,
          deficit: 0,
        },
      ],
      drops: [],
      deduplication: { exact_duplicates: 6, groups: 0, pair_grouping: null },
      out_of_scope: 0,
      backfill: { accepted: 2, stepped_aside: { near_duplicate: 1, conflict: 0 } },
    },
  ],
} as unknown as DatasetManifest;

const count = (of: Partial<SplitCount>): SplitCount => ({
  split: "train",
  task: "colour",
  label: "red",
  source: "a",
  origin: "real",
  rows: 1,
  ...of,
});

const COUNTS = [
  count({ rows: 2, label: "__proto__" }),
  count({ rows: 4 }),
  count({ rows: 1, source: "b" }),
  count({ rows: 2, source: "llm", origin: "synthetic" }),
  count({ rows: 9, task: "another" }),
  count({ rows: 3, split: "test", source: "b" }),
  count({ rows: 1, split: "eval" }),
];

describe("rowsOfTask", () => {
  const rows = rowsOfTask("colour", manifest, COUNTS);

  it("counts rows of each source and origin by split", () => {
    expect(rows.sources).toEqual([
      { source: "a", origin: "real", train: 6, test: 0, eval: 1 },
      { source: "b", origin: "real", train: 1, test: 3, eval: 0 },
      { source: "llm", origin: "synthetic", train: 2, test: 0, eval: 0 },
    ]);
  });

  it("counts the same of each label, which add up to the label's rows", () => {
    expect(rows.labelSources).toEqual([
      { label: "__proto__", source: "a", origin: "real", train: 2, test: 0, eval: 0 },
      { label: "red", source: "a", origin: "real", train: 4, test: 0, eval: 1 },
      { label: "red", source: "b", origin: "real", train: 1, test: 3, eval: 0 },
      { label: "red", source: "llm", origin: "synthetic", train: 2, test: 0, eval: 0 },
    ]);
    for (const { label, train, test, eval: held } of rows.labels) {
      const own = rows.labelSources.filter((one) => one.label === label);
      const sum = (split: "train" | "test" | "eval") => own.reduce((all, one) => all + one[split], 0);
      expect([label, sum("train"), sum("test"), sum("eval")]).toEqual([label, train, test, held]);
    }
  });

  it("says what was cut, merged and stood aside, and nothing of none", () => {
    expect(rows).toMatchObject({
      cut: 4,
      deduplication: [["exact_duplicates", 6]],
      steppedAside: [["near_duplicate", 1]],
    });
  });
});
