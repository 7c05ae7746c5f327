// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { fillTable } from "../../src/cli/fill-table.ts";
import type { FillPlan, PlannedLabel } from "../../src/pipeline/fill-plan.ts";

const label = (name: string, deficit: number, more: Partial<PlannedLabel> = {}): PlannedLabel => ({
  task: "topic",
  label: name,
  rows: 100 - deficit,
  target: 100,
  deficit,
  slots: deficit,
  requests: deficit,
  tokens: { promptTokens: 700 * deficit, completionTokens: 300 * deficit },
  dollars: null,
  seconds: null,
  ...more,
});
const plan = (labels: readonly PlannedLabel[], more: Partial<FillPlan> = {}): FillPlan => ({
  labels,
  requests: labels.reduce((sum, { requests }) => sum + requests, 0),
  dollars: null,
  seconds: null,
  beyondAttempts: 0,
  notes: [],
  ...more,
});
const lines = (of: FillPlan) => fillTable(of).split("\n");

describe("the table of a fill", () => {
  it("is a line where nothing lacks", () => {
    expect(fillTable(plan([label("a", 0)]))).toBe("every label has its target: no LLM is needed");
  });

  it("has every label, also those that lack nothing, and the sums", () => {
    expect(lines(plan([label("a", 0), label("b\n", 20)]))).toEqual([
      expect.stringMatching(/^task +label +rows +target +deficit +requests +tokens +cost +time$/),
      expect.stringMatching(/^topic +"a" +100 +100 +0 +- +- +- +-$/),
      expect.stringMatching(/^topic +"b\\n" +80 +100 +20 +20 +20,000 tokens +- +-$/),
      "",
      "to fill: 20 rows of 1 labels in about 20 requests, 20,000 tokens",
      "for scale: a server that writes 100 tokens a second takes about 60 seconds",
    ]);
  });

  it("has cost and time where they are known", () => {
    const known = { dollars: 1.5, seconds: 200 };
    const said = lines(plan([label("a", 20, known)], { ...known, notes: ["a word more"] }));
    expect(said[1]).toMatch(/\$1\.50 +about 3 minutes$/);
    expect(said.slice(3)).toEqual([
      "to fill: 20 rows of 1 labels in about 20 requests, 20,000 tokens, $1.50, about 3 minutes",
      "a word more",
    ]);
  });

  it.each<[string, Partial<FillPlan>, number, boolean]>([
    ["a day by the probe", { seconds: 86_400 }, 1, false],
    ["more", { seconds: 3 * 86_400 }, 1, true],
    ["a day at a typical speed", {}, 28_800, false],
    ["more at that", {}, 86_400, true],
    ["little by the probe", { seconds: 60 }, 86_400, false],
  ])("says plainly that it takes days: %s", (_, more, deficit, days) => {
    const said = fillTable(plan([label("a", deficit)], more));
    expect(said.includes("that is about 3 days without a pause: lower prepare.target_per_task_label")).toBe(
      days,
    );
    expect(said.includes("without a pause")).toBe(days);
  });

  it("says that one run does not reach all", () => {
    expect(lines(plan([label("a", 20)], { beyondAttempts: 7 })).at(-1)).toMatch(
      /^one run does not reach the target of 7 labels: synthetic_llm\.max_attempts_per_label bounds it/,
    );
  });
});
