// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { MOST_BYTES, renderReport } from "../../src/report/report-page.ts";
import type { AbstentionRecord, ThresholdFit } from "../../src/training/abstention.ts";
import { HOSTILE, packReport, taskReport } from "../support/pack-report.ts";

const names = (labels: number) => Array.from({ length: labels }, (_, k) => `a label with a longer name ${k}`);
/** The texts of the cells of every line of the bodies of tables. */
function cellsOf(page: string): string[][] {
  const lines = page.match(/<tr>(?:<td.*?<\/td>)+<\/tr>/g) ?? [];
  return lines.map((line) =>
    [...line.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell = ""]) => cell.replace(/<[^>]*>/g, "")),
  );
}

const FIT: ThresholdFit = {
  target: 0.97,
  threshold: 0.7,
  rows: 979,
  of: 774,
  hits: 759,
  bound: 0.97034,
  needed: 99,
  real: true,
};

/** Of two targets one is promised. */
const ABSTENTION: AbstentionRecord = {
  min_confidence: 0.7,
  set_by: "target_precision",
  target_precision: FIT,
  target_out_of_scope_recall: {
    ...FIT,
    target: 0.9,
    threshold: null,
    rows: 200,
    of: 200,
    hits: 183,
    bound: 0.8511,
    needed: 29,
  },
  test: {
    rows: 3080,
    answered: 2480,
    right: 2434,
    coverage: { value: 0.8052, low: 0.7908, high: 0.8188 },
    precision: { value: 0.9814, low: 0.9753, high: 0.9861 },
  },
  out_of_scope_test: {
    rows: 200,
    in_scope_rows: 3080,
    held_back: 183,
    recall: { value: 0.915, low: 0.868, high: 0.9463 },
    auroc: { value: 0.953, low: 0.93, high: 0.976 },
    fpr_at_95_recall: { value: 0.2, low: 0.151, high: 0.261 },
  },
};

const count = (page: string, what: RegExp) => page.match(what)?.length ?? 0;

describe("renderReport", () => {
  it("shows the figures of a task, its charts, its mistakes and its rows", () => {
    const task = taskReport({ minConfidence: 0.7 });
    const page = renderReport(packReport([task]));
    const { metrics, evidence } = task.measured as NonNullable<typeof task.measured>;
    expect(page).toContain(`<dd>${((metrics.accuracy as number) * 100).toFixed(1)}\u00a0%</dd>`);
    expect(page).toContain(`ECE ${(metrics.ece as number).toFixed(3)}`);
    for (const title of [
      "Reliability before calibration",
      "Reliability after calibration (temperature)",
      "Precision against coverage",
      "Learning: log loss",
      "Learning: macro F1",
      "Confusion matrix",
      "Confused pairs",
      "Most confident mistakes",
      "Rows by source and split",
      "Dropped or merged by prepare",
    ])
      expect(page).toContain(title);
    expect(page).toContain("threshold 0.700");
    const answered = metrics.answered as NonNullable<typeof metrics.answered>;
    expect(page).toContain(`${((answered.right / answered.answered) * 100).toFixed(1)}\u00a0% (`);
    expect(count(page, /class="card"/g)).toBe(evidence.mistakes.length);
    expect(page).toContain("exact duplicate");
    expect(page).toContain("synthetic: news");
  });

  it("shows what is promised of a threshold, and what it gives on test", () => {
    const page = renderReport(packReport([taskReport({ minConfidence: 0.7, abstention: ABSTENTION })]));
    const part = page.slice(page.indexOf("<h4>Abstaining</h4>"), page.indexOf("<h4>Confusion"));
    expect(part).toContain(
      "Under a confidence of 0.700 the runtime answers the default, &quot;label_0&quot;.",
    );
    expect(part).toContain("fitted on eval for target_precision");
    expect(cellsOf(part)).toEqual([
      ["target_precision", "0.97", "0.700", "0.9703", "759", "774", "979", "99"],
      ["target_out_of_scope_recall", "0.9", "not promised", "0.8511", "183", "200", "200", "29"],
      ["coverage: rows that the model answers", "80.5\u00a0% (79.1–81.9)", "2,480 of 3,080"],
      ["precision: right ones of the answered", "98.1\u00a0% (97.5–98.6)", "2,434 of 2,480"],
      [
        "out-of-scope recall: held back of the rows that no label fits",
        "91.5\u00a0% (86.8–94.6)",
        "183 of 200",
      ],
      [
        "AUROC: a row in scope has a higher confidence than one out of scope",
        "0.953 (0.930–0.976)",
        "3,080 in, 200 out",
      ],
      [
        "FPR at 95 % recall: out-of-scope rows as sure as 95 % of those in scope",
        "20.0\u00a0% (15.1–26.1)",
        "200 rows",
      ],
    ]);
  });

  it("says where a threshold is set by hand, none is, or rows of an LLM judged", () => {
    const pageOf = (abstention: AbstentionRecord | null) =>
      renderReport(packReport([{ ...taskReport({ minConfidence: 0.7 }), abstention, default: null }]));
    const none = { ...ABSTENTION, target_precision: null, target_out_of_scope_recall: null };
    const byHand = pageOf({ ...none, set_by: "min_confidence" });
    expect(byHand).toContain("Under a confidence of 0.700 the runtime answers no label.");
    expect(byHand).toContain("set by hand, with min_confidence, and promises nothing");
    expect(byHand).not.toContain("What the eval rows show of each target");
    const unset = pageOf({ ...none, min_confidence: null, set_by: null });
    expect(unset).toContain("No threshold is set: every text is answered");
    expect(byHand).not.toContain("Rows that an LLM wrote judged");
    const made = pageOf({ ...ABSTENTION, target_precision: { ...FIT, real: false } });
    expect(made).toContain("Rows that an LLM wrote judged a target as well");
    expect(pageOf(null)).not.toContain("Abstaining");
  });

  it("counts the rows of each label by source, origin and split", () => {
    const page = renderReport(packReport([taskReport({ source: "<news>" })]));
    const part = page.slice(page.indexOf("Rows of each label by source and origin"));
    expect(cellsOf(part.slice(0, part.indexOf("</details>"))).slice(0, 3)).toEqual([
      ["label_0", "&lt;news&gt;", "real", "70", "10", "10"],
      ["label_0", "&lt;news&gt;", "synthetic", "10", "0", "0"],
      ["label_1", "&lt;news&gt;", "real", "70", "10", "10"],
    ]);
  });

  it("gives the same bytes for the same report", () => {
    expect(renderReport(packReport())).toBe(renderReport(packReport()));
  });

  it("tells apart what is real and what an LLM made", () => {
    const page = renderReport(packReport([taskReport({ origin: (row) => (row % 4 === 0 ? 2 : 0) })]));
    expect(page).toContain("synthetic (written by an LLM)");
    expect(page).toMatch(/<td class="text">real<\/td><td class="number">150<\/td>/);
    const made = renderReport(packReport([taskReport({ origin: () => 2 })]));
    expect(made).toContain("No test row of this task is real");
  });

  it.each([
    ["no test rows", taskReport({ split: "eval" }), "There are no test rows"],
    ["no rows at all", taskReport({ split: null }), "There are no test and no eval rows"],
    ["one label", taskReport({ labels: ["only"] }), "No row has a wrong label."],
    [
      "no eval rows",
      { ...taskReport(), epochs: taskReport().epochs.map((epoch) => ({ ...epoch, eval: null })) },
      "train ends at 0.333.",
    ],
    ["no epoch", { ...taskReport(), epochs: [] }, "Precision against coverage"],
    ["a pair", taskReport({ text: "left", textB: "right" }), '<b class="soft">B </b>right'],
  ])("has a page for a task with %s", (_, task, says) => {
    const page = renderReport(packReport([task]));
    expect(page).toContain(says);
    expect(page.slice(0, page.indexOf("<script>"))).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("escapes every text, label and name", () => {
    for (const evil of HOSTILE) {
      const labels = [evil, `${evil} 2`, "plain"];
      const task = taskReport({
        labels,
        text: evil,
        textB: evil,
        source: evil,
        description: evil,
        abstention: ABSTENTION,
      });
      const page = renderReport(packReport([task], "pair"));
      const body = page.slice(page.indexOf("<body>"));
      expect(count(body, /<script/g), evil).toBe(1);
      expect(body).not.toMatch(/<(?:img|style|iframe|svg onload|a href=https)/i);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(page).not.toMatch(/[\u0000-\u0008\u001b\u202a-\u202e\u2066-\u2069]/);
      expect(
        count(body, /<(?!\/)/g) - count(body, /<(?:path|rect|circle|text|meta|input|br)\b/g),
      ).toBeGreaterThan(100);
    }
  });

  it("stays under its size with 500 labels that are all confused", () => {
    const wrong = (truth: number, draw: number, labels: number) => (truth + 1 + draw) % labels;
    const page = renderReport(packReport([taskReport({ labels: names(500), rows: 20_000, wrong })]));
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(MOST_BYTES);
    expect(page).toContain("with the smallest counts are left out");
  });

  it("stays under its size with 60 tasks, and says what it leaves out", () => {
    const task = taskReport({ labels: names(150), rows: 3000, text: "\u202e".repeat(600) });
    const page = renderReport(
      packReport(Array.from({ length: 60 }, (_, i) => ({ ...task, task: `task_${i}` }))),
    );
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(MOST_BYTES);
    expect(page).toMatch(/left out to keep this page small/);
    expect(count(page, /href="#task-task_\d+"/g)).toBeGreaterThanOrEqual(60);
  });
});
