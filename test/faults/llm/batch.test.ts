// SPDX-License-Identifier: Apache-2.0
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ledger, REQUESTS_FILE } from "../../../src/backfill/ledger.ts";
import { silentReporter } from "../../../src/core/reporter.ts";
import { label } from "../../../src/pipeline/label.ts";
import type { PrepareOptions } from "../../../src/pipeline/prepare-options.ts";
import { backfillToml, llmRun, writeBackfillProject } from "../../support/backfill-run.ts";
import { QUICK } from "../../support/batch.ts";
import { rejection } from "../../support/failure.ts";
import {
  datasetToml,
  load,
  namedRows,
  readJson,
  runPlan,
  runPrepare,
  set,
  taskNamed,
  taskToml,
  writeRows,
} from "../../support/project.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import type { BatchStore } from "./batch-api.ts";
import type { LlmServer } from "./server.ts";
import { KEY, llmServer } from "./support.ts";

// Whole fills in batch mode, through prepare and label, over HTTP.

const JUDGED = set('synthetic_llm.verify="judge"', "synthetic_llm.batch_size=3");
const BATCHED = set('synthetic_llm.mode="batch"', ...(JUDGED.set ?? []));

const project = (llm: LlmServer, more = "") =>
  writeBackfillProject(temporaryFolder(), backfillToml(llm, more));
const inBatches = (folder: string, options: PrepareOptions = {}, overrides = BATCHED) =>
  runPrepare(folder, overrides, llmRun({ batchTiming: { ...QUICK, quietMs: 150 }, ...options }));

async function rowsOf(folder: string): Promise<string[]> {
  const ledger = await Ledger.open(join(folder, "datasets", "backfill"), { write: false, purpose: "test" });
  await ledger.close();
  return ledger.accepted.map(({ label: name, text, order }) => `${order} ${name}: ${text}`);
}

async function liveRows(llm: LlmServer): Promise<string[]> {
  const folder = project(llm);
  await runPrepare(folder, JUDGED, llmRun());
  llm.reset();
  return rowsOf(folder);
}

const nothingTwice = (llm: LlmServer) => expect(new Set(llm.batches.sent).size).toBe(llm.batches.sent.length);

describe("a fill in batch mode", () => {
  it("accepts the rows that it accepts live, the judge's word included, in a few batches", async () => {
    const llm = await llmServer();
    const live = await liveRows(llm);
    const folder = project(llm);
    const { deficit, notes } = await inBatches(folder);
    expect(deficit).toBe(0);
    expect(await rowsOf(folder)).toEqual(live);
    nothingTwice(llm);
    // Of two labels with some ten slots each, all but the last few rows go out at once: and twice, to be judged.
    expect(llm.batches.batches[0]?.length).toBeGreaterThan(12);
    // The probe alone was live.
    expect(llm.chats.length).toBeLessThan(5);
    expect(notes).toContain(
      `ollama: batch batch_0 is sent: ${llm.batches.batches[0]?.length} requests, done within 24 hours`,
    );
    const report = readJson<{ sent: number; retries: number }>(
      folder,
      "datasets",
      "backfill",
      "backfill_report.json",
    );
    const probe = llm.requests.filter(({ path }) => /models|chat/.test(path)).length;
    expect(report).toMatchObject({ sent: probe + llm.batches.sent.length, retries: 0 });
  });

  it("asks for the last few rows of all labels in one batch, not in one a label", async () => {
    const llm = await llmServer();
    const labels = ["finance", "travel", "music", "garden", "kitchen", "weather", "sports", "health"];
    const toml = `[prepare]
target_per_task_label = 5

[synthetic_llm]
model = "${llm.model}"
base_url = "${llm.baseUrl}"

${taskToml("topic", "router", labels)}
${datasetToml("topics", "topics.jsonl", "topic")}`;
    const folder = temporaryFolder();
    writeFileSync(join(folder, "model_pipeline.toml"), toml);
    writeRows(join(folder, "topics.jsonl"), namedRows(["finance"], 5, 1));
    expect((await inBatches(folder, {}, set('synthetic_llm.mode="batch"'))).deficit).toBe(0);
    // Each of seven labels asks for 7 rows, to get 5.
    expect(llm.batches.batches.map((ids) => ids.length)).toEqual([7]);
  });

  it("killed at any moment, goes on without sending anything again, and ends with the same rows", async () => {
    const llm = await llmServer();
    const live = await liveRows(llm);
    const whole = project(llm);
    const moments: { call: string; folder: string; store: BatchStore }[] = [];
    llm.batches.faults = {
      done: (call) => {
        // As kill -9 would leave the folder: what is on the disk, and not what is in memory.
        const folder = temporaryFolderOf(whole);
        moments.push({ call, folder, store: llm.batches.store });
      },
    };
    await inBatches(whole);
    const calls = moments.map(({ call }) => call);
    for (const call of ["upload", "create", "retrieve", "content"]) expect(calls).toContain(call);
    llm.batches.faults = {};
    for (const [i, { call, folder, store }] of moments.entries()) {
      llm.batches.store = store;
      const { deficit } = await inBatches(folder);
      expect([deficit, await rowsOf(folder)], `${call}, moment ${i}`).toEqual([0, live]);
      nothingTwice(llm);
    }
  });

  it("stopped by a signal in mid-poll, ends at once, says so, and goes on the next time", async () => {
    const llm = await llmServer();
    const live = await liveRows(llm);
    const folder = project(llm);
    const stop = new AbortController();
    llm.batches.faults = {
      polls: 1e9,
      done: (call) => void (call === "retrieve" && llm.batches.times(call) > 3 && stop.abort()),
    };
    const error = await rejection(inBatches(folder, { signal: stop.signal }));
    expect(error).toMatchObject({
      code: "INTERRUPTED",
      hint: expect.stringContaining("goes on at the provider"),
    });
    llm.batches.faults = {};
    expect((await inBatches(folder)).deficit).toBe(0);
    expect(await rowsOf(folder)).toEqual(live);
    nothingTwice(llm);
  });

  it("with batches that expire half way and lines that fail, ends with the same rows", async () => {
    const llm = await llmServer();
    const live = await liveRows(llm);
    const folder = project(llm);
    llm.batches.faults = {
      fate: (batch) => (batch % 3 === 0 ? "expired" : "completed"),
      line: ({ custom_id }, batch) =>
        batch % 3 === 1 && custom_id < "4" ? { status: 500, body: { error: { message: "oops" } } } : null,
    };
    const { deficit } = await inBatches(folder);
    expect(deficit).toBe(0);
    expect(await rowsOf(folder)).toEqual(live);
    expect(llm.batches.sent.length).toBeGreaterThan(new Set(llm.batches.sent).size);
  });

  it("has no time in a plan, and asks the server for none", async () => {
    const llm = await llmServer();
    const { fill } = await runPlan(project(llm), BATCHED, llmRun());
    expect(fill).toMatchObject({
      seconds: null,
      notes: ["no time can be told: each batch takes up to 24 hours"],
    });
    expect(fill?.requests).toBeGreaterThan(10);
    expect(llm.requests).toEqual([]);
  });

  it("before a server that has none says what to do, and leaves no dataset", async () => {
    const llm = await llmServer({ batches: false });
    const folder = project(llm);
    expect(await rejection(inBatches(folder))).toMatchObject({
      code: "LLM_INCOMPATIBLE",
      message: `the LLM's server at ${llm.baseUrl} has no Batch API (no /files or no /batches)`,
      hint: expect.stringContaining('synthetic_llm.mode = "live"'),
    });
    expect((await runPrepare(folder, JUDGED, llmRun())).deficit).toBe(0);
  });

  it("leaves the key in no file and no word", async () => {
    const llm = await llmServer({ key: KEY });
    const folder = project(llm, 'provider = "custom"\napi_key_env = "THE_KEY"');
    const { notes, warnings } = await inBatches(folder, { environment: { THE_KEY: KEY } });
    const files = [REQUESTS_FILE, "accepted.jsonl", "backfill_report.json"].map((name) =>
      readFileSync(join(folder, "datasets", "backfill", name), "utf8"),
    );
    const lines = llm.batches.lines.map((line) => JSON.stringify(line));
    expect(lines.length).toBeGreaterThan(10);
    for (const text of [...notes, ...warnings, ...files, ...lines]) expect(text).not.toContain(KEY);
  });
});

/** A copy of a project's folder as it is on the disk now. */
function temporaryFolderOf(folder: string): string {
  const copy = temporaryFolder();
  // Locks name this process, which goes on; those of a dead one are another test's.
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith("lock") });
  return copy;
}

describe("label in batch mode", () => {
  it("labels as it does live, with all texts in one batch and the second look in another", async () => {
    const llm = await llmServer();
    const folder = project(llm, 'verify = "judge"');
    const texts = Array.from({ length: 40 }, (_, i) => ({
      text: `${["red", "green", "blue"][i % 3]} thing ${i}`,
    }));
    writeRows(join(folder, "new.jsonl"), texts);
    const run = async (mode: string, out: string) => {
      const loaded = load(folder, set(`synthetic_llm.mode="${mode}"`, `paths.backfill_dir="${mode}"`));
      const result = await label(loaded, silentReporter, {
        environment: {},
        signal: undefined,
        clock: () => 0,
        batchTiming: { ...QUICK, quietMs: 150 },
        task: taskNamed(loaded, "colour"),
        files: [join(folder, "new.jsonl")],
        columns: ["text"],
        out: join(folder, out),
        queue: join(folder, `${out}.csv`),
        limit: null,
        queueSize: 5,
      });
      return [
        result.labelled,
        readFileSync(join(folder, out), "utf8"),
        readFileSync(join(folder, `${out}.csv`), "utf8"),
      ];
    };
    const live = await run("live", "live.jsonl");
    expect(await run("batch", "batch.jsonl")).toEqual(live);
    expect(llm.batches.batches.map((ids) => ids.length)).toEqual([5, 5]);
  });
});
