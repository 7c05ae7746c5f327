// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../src/backfill/ledger.ts";
import type { AcceptedRow } from "../../src/backfill/record.ts";
import { readLedgerStatus } from "../../src/pipeline/accepted.ts";
import type { DatasetManifest } from "../../src/pipeline/dataset-manifest.ts";
import type { PrepareOptions } from "../../src/pipeline/prepare-options.ts";
import { readDatasetManifest } from "../../src/pipeline/prepared-dataset.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { llmServer } from "../faults/llm/support.ts";
import { readAllRows } from "../support/backfill-rows.ts";
import { acceptedPath, backfillToml, llmRun, writeBackfillProject } from "../support/backfill-run.ts";
import { rejection } from "../support/failure.ts";
import { load, readJson, runPlan, runPrepare, set } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Report {
  readonly outcome: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly labels: readonly {
    readonly label: string;
    readonly status: string;
    readonly deficit: number;
    readonly requested: number;
    readonly received: number;
    readonly accepted: number;
    readonly slots: number;
    readonly judged: number;
    readonly rejected: readonly {
      readonly reason: string;
      readonly count: number;
      readonly examples: string[];
    }[];
    readonly cost_usd: number | null;
  }[];
}

const project = (server: LlmServer, more = "", prepare = "") =>
  writeBackfillProject(temporaryFolder(), backfillToml(server, more, prepare));
const reportOf = (folder: string) => readJson<Report>(folder, "datasets", "backfill", "backfill_report.json");
const fill = (folder: string, overrides = {}, options: PrepareOptions = {}) =>
  runPrepare(folder, overrides, llmRun(options));

async function acceptedOf(folder: string): Promise<readonly AcceptedRow[]> {
  const ledger = await Ledger.open(join(folder, "datasets", "backfill"), { write: false, purpose: "test" });
  await ledger.close();
  return ledger.accepted;
}
const textsOf = async (folder: string) =>
  (await acceptedOf(folder)).map(({ label, text }) => `${label}: ${text}`);

function labelsOf(manifest: DatasetManifest) {
  return (manifest.tasks[0]?.labels ?? []).map(({ label, train, test, eval: held, deficit }) => ({
    label,
    real: train.real + test.real + held.real,
    synthetic: train.synthetic + test.synthetic + held.synthetic,
    held: test.synthetic + held.synthetic,
    deficit,
  }));
}

describe("the backfill", () => {
  it("fills every label to its target, exactly, and pins what it took", async () => {
    const server = await llmServer();
    const folder = project(server);
    const { deficit, notes, version } = await fill(folder);
    expect(deficit).toBe(0);
    expect(notes).toContain("asking test-model for 47 rows (fill 1)");
    const manifest = await readDatasetManifest(join(folder, "prepared_data/modelpack", version));
    expect(labelsOf(manifest)).toEqual([
      { label: "red", real: 40, synthetic: 0, held: 0, deficit: 0 },
      { label: "green", real: 13, synthetic: 17, held: expect.any(Number), deficit: 0 },
      { label: "blue", real: 0, synthetic: 30, held: 6, deficit: 0 },
    ]);
    const lock = readJson<{ backfill: readonly { sha256: string }[] }>(folder, "datasets.lock.json");
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(lock.backfill).toEqual([{ ledger: "datasets/backfill", rows: 47, sha256 }]);
    expect(readJson(folder, "prepared_data/modelpack", version, "manifest.json")).toMatchObject({
      backfill: { rows: 47, sha256: lock.backfill[0]?.sha256 },
      tasks: [{ backfill: { accepted: 47 } }],
    });
    const { totals, labels, outcome } = reportOf(folder);
    expect(outcome).toBe("ended");
    expect(labels.map(({ label, status }) => [label, status])).toEqual([
      ["green", "filled"],
      ["blue", "filled"],
    ]);
    for (const { received, accepted, rejected } of labels)
      expect(accepted + rejected.reduce((sum, { count }) => sum + count, 0)).toBe(received);
    expect(totals).toMatchObject({ deficit: 47, accepted: 47, slots: server.chats.length - 1 });
  });

  it("asks nothing again where nothing lacks, and gives the same bytes without a server", async () => {
    const server = await llmServer();
    const folder = project(server);
    const { version } = await fill(folder);
    server.reset();
    expect(await fill(folder)).toMatchObject({ version, unchanged: true, deficit: 0 });
    expect(server.requests).toEqual([]);
    await server.close();
    const clone = writeBackfillProject(temporaryFolder(), backfillToml(server));
    for (const name of ["datasets/backfill/accepted.jsonl", "datasets.lock.json"]) copy(folder, clone, name);
    expect(await runPrepare(clone, {}, { locked: true })).toMatchObject({
      version,
      unchanged: false,
      deficit: 0,
    });
    const bytes = (root: string) =>
      readFileSync(join(root, "prepared_data/modelpack", version, "router_train.parquet"));
    expect(bytes(clone).equals(bytes(folder))).toBe(true);
  });

  it.each([1, 16])("accepts the same rows with %i in flight as with 4", async (concurrency) => {
    const server = await llmServer({
      latencyMs: ({ digest }) => Number.parseInt(digest.slice(0, 2), 16) / 10,
    });
    const [four, other] = [project(server), project(server)];
    await fill(four, set("synthetic_llm.batch_size=3"));
    await fill(other, set("synthetic_llm.batch_size=3", `synthetic_llm.concurrency=${concurrency}`));
    expect(await textsOf(other)).toEqual(await textsOf(four));
    expect(server.maxInFlight).toBeLessThanOrEqual(Math.max(4, concurrency));
    expect(server.maxInFlight).toBeGreaterThan(2);
  });

  it("throws no accepted row away where prompts, temperature, model or target change", async () => {
    const server = await llmServer();
    const folder = project(server);
    await fill(folder);
    const before = await textsOf(folder);
    server.reset();
    const changed = [
      "synthetic_llm.temperature=0.7",
      "synthetic_llm.model=other",
      "prepare.target_per_task_label=33",
    ];
    const other = await llmServer({ model: "other" });
    const { deficit } = await fill(folder, set(...changed, `synthetic_llm.base_url=${other.baseUrl}`));
    expect(deficit).toBe(0);
    const after = await textsOf(folder);
    expect(after.slice(0, 47)).toEqual(before);
    expect(after).toHaveLength(47 + 3 + 3);
    expect(new Set((await acceptedOf(folder)).map(({ model }) => model))).toEqual(
      new Set(["test-model", "other"]),
    );
  });

  it("asks for other rows in the next fill, never for those of an earlier one", async () => {
    const server = await llmServer();
    const folder = project(server);
    await fill(folder);
    await fill(folder, set("prepare.target_per_task_label=40"));
    expect([...server.counts.values()].filter((count) => count > 1)).toEqual([2]); // the probe
    expect(await textsOf(folder)).toHaveLength(47 + 20);
  });

  it("keeps made-up rows out of test and eval, but for labels with too few real rows", async () => {
    const server = await llmServer();
    const folder = project(server, "", "min_real_holdout = 5");
    const { version } = await fill(folder);
    const manifest = await readDatasetManifest(join(folder, "prepared_data/modelpack", version));
    expect(labelsOf(manifest).map(({ label, held }) => [label, held])).toEqual([
      ["red", 0],
      ["green", 0],
      ["blue", 6],
    ]);
    const rows = await readAllRows(join(folder, "prepared_data/modelpack", version), "router", "colour");
    const held = rows.filter(({ split }) => split !== "train");
    expect(held.filter(({ origin }) => origin === "synthetic").every(({ label }) => label === "blue")).toBe(
      true,
    );
    const groups = new Map(rows.map(({ group, split }) => [group, split]));
    for (const { group, split } of rows) expect(groups.get(group)).toBe(split);
  });

  it("rejects what is a copy of test or eval rows, of a real row, or of an accepted one, and asks for more", async () => {
    const server = await llmServer();
    const folder = project(server, "", "test_ratio = 0.3\neval_ratio = 0.2\ntrain_ratio = 0.5");
    const { version } = await runPrepare(folder);
    const rows = await readAllRows(join(folder, "prepared_data/modelpack", version), "router", "colour");
    const held = rows.find(({ split }) => split === "test")?.text ?? "";
    const real = rows.filter(({ split, label }) => split === "train" && label === "red").at(-1)?.text ?? "";
    let turn = 0;
    server.play({
      fault: (exchange) => {
        const reply = JSON.parse(exchange.reply.content ?? "{}") as { rows?: { text: string }[] };
        if (reply.rows === undefined || turn++ > 0) return exchange.send();
        reply.rows.splice(
          0,
          4,
          { text: `${held}!` },
          { text: real.toUpperCase() },
          { text: "one more here" },
          { text: "One  more here" },
        );
        exchange.send({ ...exchange.reply, content: JSON.stringify(reply) });
      },
    });
    expect((await fill(folder, set("synthetic_llm.concurrency=1"))).deficit).toBe(0);
    const rejected = reportOf(folder).labels.flatMap((label) =>
      label.rejected.map(({ reason, count }) => [reason, count]),
    );
    expect(rejected).toEqual(
      expect.arrayContaining([
        ["copy_of_heldout", 1],
        ["copy_of_row", 1],
        ["copy_of_accepted", 1],
      ]),
    );
  });

  it("has a judge agree with every row, where it is asked to", async () => {
    const server = await llmServer();
    const folder = project(server, 'verify = "judge"');
    let judgements = 0;
    server.play({
      when: ({ body }) => JSON.stringify(body).includes("choose the one label that fits best"),
      fault: (exchange) => {
        const reply = JSON.parse(exchange.reply.content ?? "{}") as {
          labels: { n: number; label: string | null }[];
        };
        if (judgements++ === 0) {
          reply.labels = reply.labels.filter(({ n }) => n !== 1);
          for (const one of reply.labels) if (one.n === 2) one.label = null;
        }
        exchange.send({ ...exchange.reply, content: JSON.stringify(reply) });
      },
    });
    expect((await fill(folder, set("synthetic_llm.concurrency=1"))).deficit).toBe(0);
    const { labels } = reportOf(folder);
    expect(labels.every(({ slots, judged }) => judged === slots)).toBe(true);
    const rejected = new Map(
      labels.flatMap((label) => label.rejected.map(({ reason, count }) => [reason, count])),
    );
    expect([rejected.get("judge_silent"), rejected.get("judge_disagrees")]).toEqual([1, 1]);
  });

  it("spends a budget fairly over the labels, and goes on when it is run again", async () => {
    const server = await llmServer();
    const folder = project(server, "max_requests = 6");
    const small = set("synthetic_llm.batch_size=4");
    const { deficit, notes } = await fill(folder, small);
    expect(server.chats).toHaveLength(1 + 6);
    expect(deficit).toBe(47 - 24);
    expect(reportOf(folder).labels.map(({ label, status, slots }) => [label, status, slots])).toEqual([
      ["green", "budget", 3],
      ["blue", "budget", 3],
    ]);
    expect(notes).toContain('colour "green", colour "blue": the budget is spent; run again for more');
    expect((await fill(folder, small)).deficit).toBeLessThan(5);
    expect((await fill(folder, small)).deficit).toBe(0);
  });

  it("stays under a bound in dollars", async () => {
    const server = await llmServer();
    const prices =
      "price_input_per_million = 100\nprice_output_per_million = 400\nmax_cost_usd = 1.2\nmax_tokens = 100";
    const folder = project(server, prices);
    const { deficit } = await fill(folder, set("synthetic_llm.batch_size=4"));
    expect(deficit).toBeGreaterThan(0);
    const spent = reportOf(folder).labels.reduce((sum, { cost_usd }) => sum + (cost_usd ?? Number.NaN), 0);
    expect(spent).toBeLessThanOrEqual(1.2);
    expect(spent).toBeGreaterThan(0.2);
  });

  it("stops at max_attempts_per_label, and says so", async () => {
    const server = await llmServer();
    const folder = project(server, "max_attempts_per_label = 2");
    expect((await fill(folder)).deficit).toBe(1 + 14);
    expect(reportOf(folder).labels.map(({ status, slots }) => [status, slots])).toEqual([
      ["attempts", 2],
      ["attempts", 2],
    ]);
  });

  it("reports a label whose rows repeat as exhausted, and never pads it", async () => {
    const server = await llmServer();
    const folder = project(server);
    const rows = Array.from({ length: 8 }, (_, i) => ({
      text: `the blue thing number ${"abcdefgh"[i]} it is`,
    }));
    server.play({
      when: ({ body }) => JSON.stringify(body).includes('Label: \\"blue\\"'),
      fault: (exchange) => {
        const { canary } = JSON.parse(exchange.reply.content ?? "{}") as { canary: string };
        exchange.send({ ...exchange.reply, content: JSON.stringify({ canary, rows }) });
      },
    });
    const { deficit, notes } = await fill(folder);
    const blue = reportOf(folder).labels.find(({ label }) => label === "blue");
    expect(blue?.status).toBe("exhausted");
    expect(blue).toMatchObject({ slots: 3, received: 24, accepted: 1 });
    expect(blue?.rejected).toEqual([{ reason: "copy_of_accepted", count: 23, examples: expect.any(Array) }]);
    expect(deficit).toBe(29);
    expect(notes).toContain('colour "blue": hardly anything new comes any more');
  });

  it("ends within seconds where no server is there, and leaves nothing behind", async () => {
    const server = await llmServer();
    const folder = project(server);
    await server.close();
    const started = performance.now();
    const error = await rejection(fill(folder));
    expect(error).toMatchObject({ code: "LLM_UNREACHABLE", hint: expect.stringContaining("ollama") });
    expect(performance.now() - started).toBeLessThan(5000);
    expect(() => readFileSync(join(folder, "prepared_data/modelpack/current.json"))).toThrow("ENOENT");
  });

  it("names the variable where no model is named, before anything is read", async () => {
    const server = await llmServer();
    const folder = project(server);
    writeFileSync(join(folder, "model_pipeline.toml"), backfillToml(server).replace(/^model = .*$/m, ""));
    rmSync(join(folder, "colours.jsonl"));
    writeFileSync(join(folder, "colours.jsonl"), '{"text": "a", "label": "red"}\n');
    expect(await rejection(fill(folder))).toMatchObject({
      code: "CONFIG_INVALID",
      hint: expect.stringContaining("LLM_EVAL__MODEL"),
    });
  });

  it("refuses with --locked accepted rows that the lock does not pin", async () => {
    const server = await llmServer();
    const folder = project(server);
    await fill(folder);
    const lines = readFileSync(acceptedPath(folder), "utf8").split("\n");
    writeFileSync(acceptedPath(folder), lines.slice(1).join("\n"));
    expect(await rejection(runPrepare(folder, {}, { locked: true }))).toMatchObject({
      code: "LOCK_MISMATCH",
      message: expect.stringMatching(/expected 47 rows \([0-9a-f]{12}\), got 46 rows \([0-9a-f]{12}\)/),
    });
  });

  it("is pinned for each ledger by itself, where TOMLs of a folder have more than one", async () => {
    const server = await llmServer();
    const folder = project(server);
    const own = set("paths.backfill_dir=fills", "paths.prepared_dir=prepared_too");
    await fill(folder);
    const [lock] = [readFileSync(join(folder, "datasets.lock.json"), "utf8")];
    expect(await runPrepare(folder, own)).toMatchObject({ warnings: [], deficit: 47 });
    expect(await runPrepare(folder, own, { locked: true })).toMatchObject({ unchanged: true });
    expect(readFileSync(join(folder, "datasets.lock.json"), "utf8")).toBe(lock);
    await fill(folder, own);
    for (const overrides of [{}, own])
      expect(await runPrepare(folder, overrides, { locked: true })).toMatchObject({ deficit: 0 });
    const status = () => readLedgerStatus(load(folder, own));
    const { sha256 } = (await status())?.locked ?? { sha256: "" };
    const rows = { rows: 47, sha256 };
    expect(await status()).toEqual({ ledger: "fills", accepted: rows, locked: rows });
    rmSync(join(folder, "fills"), { recursive: true });
    expect(await status()).toEqual({ ledger: "fills", accepted: null, locked: rows });
    expect(await rejection(runPrepare(folder, own, { locked: true }))).toMatchObject({
      code: "LOCK_MISMATCH",
      where: expect.stringContaining("fills"),
    });
    expect((await runPrepare(folder, own)).warnings).toEqual([
      "datasets.lock.json pinned 47 accepted rows of the backfill, and there are none now",
    ]);
    expect(readFileSync(join(folder, "datasets.lock.json"), "utf8")).toBe(lock);
  });

  it("leaves earlier rows out with --force-full, sets them aside where new ones are written, and loses none", async () => {
    const server = await llmServer();
    const folder = project(server);
    await fill(folder);
    const lock = readFileSync(join(folder, "datasets.lock.json"), "utf8");
    expect(await runPrepare(folder, {}, { forceFull: true })).toMatchObject({ deficit: 47 });
    expect(readFileSync(join(folder, "datasets.lock.json"), "utf8")).toBe(lock);
    const { deficit, notes } = await fill(folder, set("prepare.seed=7"), { forceFull: true });
    expect(deficit).toBe(0);
    expect(notes.filter((note) => note.startsWith("set aside "))).toHaveLength(2);
    expect(await textsOf(folder)).toHaveLength(47);
  });

  it("tells a plan, per label, and changes nothing", async () => {
    const server = await llmServer();
    const prices = "price_input_per_million = 1\nprice_output_per_million = 2";
    const folder = project(server, prices);
    const { fill: plan } = await runPlan(folder, {}, llmRun());
    expect(
      plan?.labels.map(({ label, rows, target, deficit, requests }) => [
        label,
        rows,
        target,
        deficit,
        requests,
      ]),
    ).toEqual([
      ["red", 40, 30, 0, 0],
      ["green", 13, 30, 17, 3],
      ["blue", 0, 30, 30, 5],
    ]);
    for (const label of plan?.labels.slice(1) ?? []) {
      expect(label.tokens.promptTokens).toBeGreaterThan(500 * label.requests);
      expect(label.dollars).toBeCloseTo(
        (label.tokens.promptTokens + 2 * label.tokens.completionTokens) / 1e6,
        12,
      );
      expect(label.seconds).toBeGreaterThan(0);
    }
    const bounded = await runPlan(folder, set("synthetic_llm.max_requests=3"), llmRun());
    expect(bounded.fill?.notes).toEqual(["one run ends after 3 requests: synthetic_llm.max_requests"]);
    expect(() => readFileSync(acceptedPath(folder))).toThrow("ENOENT");
    expect(() => readFileSync(join(folder, "datasets.lock.json"))).toThrow("ENOENT");
    expect(server.chats.every(({ body }) => !JSON.stringify(body).includes("filler"))).toBe(true);
  });

  it("shows seeds of maps and loose files, and none that is a row of test or eval", async () => {
    const server = await llmServer();
    const folder = project(server, "", "train_ratio = 0.4\ntest_ratio = 0.3\neval_ratio = 0.3");
    const { version } = await runPrepare(folder);
    const rows = await readAllRows(join(folder, "prepared_data/modelpack", version), "router", "colour");
    const held = rows.filter(({ split }) => split !== "train").map(({ text }) => text);
    mkdirSync(join(folder, "datasets"), { recursive: true });
    const lines = [...held, "a loose text of a file"].map((text) => JSON.stringify({ text: `${text}.` }));
    writeFileSync(join(folder, "datasets", "loose.jsonl"), lines.join("\n"));
    await fill(folder, set("synthetic_llm.batch_size=2"));
    const prompts = server.chats.map(({ body }) => JSON.stringify(body));
    expect(prompts.some((prompt) => prompt.includes("a loose text of a file."))).toBe(true);
    expect(held.length).toBeGreaterThan(20);
    for (const text of held) expect(prompts.some((prompt) => prompt.includes(text))).toBe(false);
  });

  it("asks a server elsewhere only when rows may be shared", async () => {
    const server = await llmServer();
    const folder = project(server);
    const elsewhere = "synthetic_llm.base_url=http://192.0.2.1:9/v1";
    expect(await rejection(fill(folder, set(elsewhere)))).toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("private"),
      hint: expect.stringContaining("--share-rows"),
    });
  });
});

function copy(from: string, to: string, name: string): void {
  mkdirSync(dirname(join(to, name)), { recursive: true });
  copyFileSync(join(from, name), join(to, name));
}
