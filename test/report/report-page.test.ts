// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { MOST_BYTES, renderReport } from "../../src/report/report-page.ts";
import { HOSTILE, packReport, taskReport } from "../support/pack-report.ts";

const names = (labels: number) => Array.from({ length: labels }, (_, k) => `a label with a longer name ${k}`);
const count = (page: string, what: RegExp) => page.match(what)?.length ?? 0;

describe("renderReport", () => {
  it("shows the figures of a task, its charts, its mistakes and its rows", () => {
    const task = taskReport({ minConfidence: 0.7 });
    const page = renderReport(packReport([task]));
    const { metrics, evidence } = task.measured as NonNullable<typeof task.measured>;
    expect(page).toContain(`<dd>${((metrics.accuracy as number) * 100).toFixed(1)} %</dd>`);
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
    expect(page).toContain(`${((answered.right / answered.answered) * 100).toFixed(1)} % (`);
    expect(count(page, /class="card"/g)).toBe(evidence.mistakes.length);
    expect(page).toContain("exact duplicate");
    expect(page).toContain("synthetic: news");
  });

  it("gives the same bytes for the same report", () => {
    expect(renderReport(packReport())).toBe(renderReport(packReport()));
  });

  it("tells apart what is real and what an LLM made", () => {
    const page = renderReport(packReport([taskReport({ origin: (row) => (row % 4 === 0 ? 2 : 0) })]));
    expect(page).toContain("synthetic: written by an LLM");
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
      const task = taskReport({ labels, text: evil, textB: evil, source: evil, description: evil });
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
