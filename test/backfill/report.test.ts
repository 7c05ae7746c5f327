// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { LabelFill } from "../../src/backfill/label-fill.ts";
import { REPORT_FILE, writeFillReport } from "../../src/backfill/report.ts";
import { taskOf } from "../support/backfill.ts";
import { fillTaskOf } from "../support/memory-fill.ts";
import { MemoryServer } from "../support/memory-server.ts";
import { readJson } from "../support/project.ts";
import { slotResult } from "../support/slot-results.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("backfill_report.json", () => {
  it("has what was asked, came and was taken, of the labels that lacked rows", async () => {
    const real = Array.from({ length: 4 }, (_, i) => ({
      text: `my bus stop is number ${i}`,
      label: "bus_stop",
    }));
    const task = await fillTaskOf({ task: taskOf(["bus_stop", "b"]), real, target: 4 });
    const prices = { input: 1e4, output: 0 };
    const labels = [0, 1].map((label) => new LabelFill(task, label, 0, prices));
    const tally = labels[1]?.tally;
    if (tally === undefined) throw new Error("no label");
    tally.count(slotResult({ items: [null, null, "surplus", "looped"], rows: 3, faults: ["cut"] }));
    // Rejected in another order than the report's.
    tally.reject("looped", { text: "on and on", textB: null });
    tally.reject("surplus", null);
    Object.assign(tally, { accepted: 2, saidName: 1, status: "exhausted" });
    const folder = temporaryFolder();
    const { capabilities } = new MemoryServer(() => ({ kind: "poisonous" }));
    const run = {
      fill: 3,
      outcome: "LLM_QUOTA",
      provider: "ollama",
      model: "m",
      seconds: 9,
      sent: 7,
      retries: 2,
    };
    await writeFillReport(folder, { ...run, capabilities, labels });
    const counts = { deficit: 4, slots: 1, requested: 3, received: 4, accepted: 2, prompt_tokens: 100 };
    expect(readJson(folder, REPORT_FILE)).toEqual({
      ...run,
      capabilities: {
        structured: "json_schema",
        streams: false,
        usage: true,
        thinking_off: "",
        model: "memory",
        fingerprint: null,
      },
      totals: { ...counts, completion_tokens: 10, cost_usd: 1 },
      labels: [
        {
          task: "topic",
          label: "b",
          status: "exhausted",
          ...counts,
          remaining: 4,
          given_up: 0,
          judged: 0,
          rejected: [
            { reason: "surplus", count: 1, examples: [] },
            { reason: "looped", count: 1, examples: ["on and on"] },
          ],
          unusable_replies: [{ reason: "cut", count: 1 }],
          completion_tokens: 10,
          tokens_are_estimated: false,
          cost_usd: 1,
          label_name: { real_rows: 0, real_share: null, accepted_share: 0.5 },
        },
      ],
    });
  });

  it("knows no cost without prices, and no share of no rows", async () => {
    const task = await fillTaskOf({ target: 4 });
    const folder = temporaryFolder();
    const { capabilities } = new MemoryServer(() => ({ kind: "poisonous" }));
    await writeFillReport(folder, {
      ...{ fill: 1, outcome: "ended", provider: "vllm", model: "m", seconds: 0, sent: 0, retries: 0 },
      capabilities,
      labels: [new LabelFill(task, 0, 0, null)],
    });
    expect(readJson(folder, REPORT_FILE)).toMatchObject({
      totals: { cost_usd: null, accepted: 0 },
      labels: [{ status: "open", cost_usd: null, label_name: { accepted_share: null } }],
    });
  });
});
