// SPDX-License-Identifier: Apache-2.0
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { seededRandom } from "../../../src/core/random.ts";
import type { DatasetManifest } from "../../../src/pipeline/dataset-manifest.ts";
import { readAllRows } from "../../support/backfill-rows.ts";
import {
  digests,
  leftovers,
  makeWorkspace,
  modelpack,
  PREPARE,
  start,
  starterConfig,
  TRAIN,
  wholeVersion,
} from "../../support/pipeline-run.ts";
import { readJson } from "../../support/project.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { leaks } from "./cells.ts";
import type { LlmServer } from "./server.ts";
import { KEY, llmServer } from "./support.ts";

// Whole commands against a server: what DESIGN's user does, and what a crash does to it.

/** The quickstart with a server in it, that wants the key. */
function configFor(server: Pick<LlmServer, "baseUrl" | "model">, target: number, more = ""): string {
  return `${starterConfig().replace(/^target_per_task_label = .*$/m, `target_per_task_label = ${target}`)}
[synthetic_llm]
provider = "vllm"
base_url = "${server.baseUrl}"
model = "${server.model}"
api_key_env = "THE_KEY"
${more}
`;
}

const env = { THE_KEY: KEY };
const LLM = { llm: true, env } as const;

function accepted(workspace: string): string[] {
  const lines = readFileSync(join(workspace, "datasets", "backfill", "accepted.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const { task, label, text, text_a, text_b } = JSON.parse(line) as Record<string, string | null>;
    return JSON.stringify([task, label, text ?? text_a, text_b]);
  });
}

/** Every file of a workspace whose bytes hold the key in some form. */
function filesWithKey(workspace: string): string[] {
  const entries = readdirSync(workspace, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((file) => leaks(readFileSync(file).toString("latin1")).length > 0);
}

/** Takes half of the rows of three labels out of the starter rows. */
function halve(workspace: string): void {
  for (const [task, labels] of [
    ["query_domain", ["food", "finance"]],
    ["fact_type", ["occupation"]],
  ] as const) {
    const path = join(workspace, "datasets", "starter", `${task}.jsonl`);
    const rows = readFileSync(path, "utf8").trimEnd().split("\n");
    const seen = new Map<string, number>();
    const kept = rows.filter((row) => {
      const { label } = JSON.parse(row) as { label: string };
      const count = seen.get(label) ?? 0;
      seen.set(label, count + 1);
      return !(labels as readonly string[]).includes(label) || count % 2 === 0;
    });
    writeFileSync(path, `${kept.join("\n")}\n`);
  }
}

const notProbes = (server: LlmServer) =>
  server.chats.filter(({ body }) => JSON.stringify(body).includes("Canary: "));

describe("the quickstart with half of the rows of three labels", () => {
  it("is filled to the target exactly, trains, measures made-up rows apart, and is rebuilt offline", async () => {
    const server = await llmServer({ key: KEY });
    const workspace = makeWorkspace(temporaryFolder(), configFor(server, 60));
    halve(workspace);
    const filled = await modelpack(workspace, ["prepare", "--json"], LLM);
    expect(filled).toMatchObject({ status: 0, signal: null });
    const { version, deficit, tasks } = JSON.parse(filled.stdout) as {
      version: string;
      deficit: number;
    } & DatasetManifest;
    expect(deficit).toBe(0);
    const short = tasks.flatMap(({ task, labels }) =>
      labels
        .filter(({ train }) => train.synthetic > 0)
        .map(({ label, train, test, eval: held }) => ({
          label: `${task} ${label}`,
          rows: [train, test, held].reduce((sum, split) => sum + split.real + split.synthetic, 0),
          held: test.synthetic + held.synthetic,
        })),
    );
    expect(short).toEqual([
      { label: "query_domain food", rows: 60, held: 0 },
      { label: "query_domain finance", rows: 60, held: 0 },
      { label: "fact_type occupation", rows: 60, held: 0 },
    ]);
    const rows = await readAllRows(join(workspace, PREPARE.folder, version), "router", "query_domain");
    expect(rows.filter(({ origin }) => origin === "synthetic").every(({ split }) => split === "train")).toBe(
      true,
    );

    const trained = await modelpack(workspace, ["train"], LLM);
    expect(trained).toMatchObject({ status: 0, signal: null });
    const pack = await wholeVersion(workspace, TRAIN);
    const metrics = readJson<{ per_task: Record<string, { real: object; synthetic: object | null }> }>(
      workspace,
      TRAIN.folder,
      String(pack),
      "router_metrics_test.json",
    );
    expect(metrics.per_task.query_domain?.real).toMatchObject({ rows: expect.any(Number) });
    expect(metrics.per_task.query_domain?.synthetic).toBeNull();

    const clone = makeWorkspace(temporaryFolder(), configFor(server, 60));
    halve(clone);
    for (const name of ["datasets/backfill/accepted.jsonl", "datasets.lock.json"])
      cpSync(join(workspace, name), join(clone, name));
    await server.close();
    const locked = await modelpack(clone, ["prepare", "--locked"], { llm: true });
    expect(locked).toMatchObject({ status: 0, signal: null });
    expect(await wholeVersion(clone, PREPARE)).toBe(version);
    expect(digests(join(clone, PREPARE.folder))).toEqual(digests(join(workspace, PREPARE.folder)));

    const said = [filled, trained, locked].flatMap(({ stdout, stderr }) => [stdout, stderr]).join("\n");
    expect(leaks(said)).toEqual([]);
    expect(filesWithKey(workspace)).toEqual([]);
    expect(leftovers(workspace)).toEqual([]);
  }, 120_000);
});

describe("kill -9 at 50 random moments of a fill of 2,000 rows", () => {
  const KILLS = 50;
  const CONCURRENCY = 4;

  it("ends with the rows of an unbroken run, and asks nothing twice but what was in flight", async () => {
    // The starter rows of 23 labels lack some 2,000 rows to this target.
    const target = 153;
    const unbroken = await llmServer({ key: KEY });
    const whole = makeWorkspace(temporaryFolder(), configFor(unbroken, target));
    expect(await modelpack(whole, ["prepare"], LLM)).toMatchObject({ status: 0 });
    expect(accepted(whole).length).toBeGreaterThan(1900);
    expect([...counted(unbroken).values()].every((count) => count === 1)).toBe(true);

    const server = await llmServer({ key: KEY, latencyMs: ({ index }) => 10 + ((index * 37) % 60) });
    const workspace = makeWorkspace(temporaryFolder(), configFor(server, target));
    const random = seededRandom(4, "kill the backfill");
    const outputs: string[] = [];
    let killed = 0;
    while (killed < KILLS) {
      const before = notProbes(server).length;
      const { child, ended } = start(workspace, ["prepare"], LLM);
      const more = 1 + random.below(4);
      while (notProbes(server).length < before + more && child.exitCode === null) await sleep(1);
      await sleep(random.below(40));
      child.kill("SIGKILL");
      const { signal, stdout, stderr } = await ended;
      outputs.push(stdout, stderr);
      expect(signal, `kill ${killed}: ${stderr}`).toBe("SIGKILL");
      killed++;
    }
    const last = await modelpack(workspace, ["prepare"], LLM);
    expect(last).toMatchObject({ status: 0, signal: null });
    expect(accepted(workspace)).toEqual(accepted(whole));
    expect(digests(join(workspace, PREPARE.folder))).toEqual(digests(join(whole, PREPARE.folder)));
    expect(leftovers(workspace)).toEqual([]);
    const repeats = [...counted(server).values()].reduce((sum, count) => sum + count - 1, 0);
    expect(repeats).toBeLessThanOrEqual(KILLS * CONCURRENCY);
    expect(counted(server).size).toBe(counted(unbroken).size);
    expect(leaks([...outputs, last.stdout, last.stderr].join("\n"))).toEqual([]);
    expect(filesWithKey(workspace)).toEqual([]);
  }, 400_000);
});

describe("a server that is none", () => {
  it("ends the run at once, whatever it left unread", async () => {
    const other = createServer((request, response) => {
      if (request.url?.endsWith("/models") === true) return response.end('{"data":[]}');
      const choices = [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "no" } }];
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ choices, usage: { prompt_tokens: 100, completion_tokens: 1 } }));
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const toml = configFor({ baseUrl: `http://127.0.0.1:${port}/v1`, model: "m" }, 100);
    const started = performance.now();
    const { status, stderr } = await modelpack(makeWorkspace(temporaryFolder(), toml), ["prepare"], LLM);
    expect(status).toBe(1);
    expect(stderr).toContain("error: the context of the LLM's server is too small");
    expect(performance.now() - started).toBeLessThan(30_000);
  }, 60_000);
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "%s lets what is in flight finish, keeps it, and says how to go on",
    async (signal, code) => {
      const server = await llmServer({ key: KEY, latencyMs: () => 150 });
      const workspace = makeWorkspace(temporaryFolder(), configFor(server, 100));
      const { child, ended } = start(workspace, ["prepare"], LLM);
      while (notProbes(server).length < 9) await sleep(2);
      child.kill(signal);
      const { status, stderr } = await ended;
      expect(status).toBe(code);
      expect(stderr).toContain(
        "error: the backfill was stopped; every row and reply so far is in the ledger",
      );
      expect(stderr).toContain(
        "run the same command again: it goes on where this one stopped, and asks nothing twice",
      );
      const asked = notProbes(server).length;
      const lines = readFileSync(join(workspace, "datasets", "backfill", "requests.jsonl"), "utf8");
      expect(lines.match(/"kind":"request"/g)).toHaveLength(asked);
      expect(leftovers(workspace)).toEqual([]);
      expect(await modelpack(workspace, ["prepare"], LLM)).toMatchObject({ status: 0 });
      expect([...counted(server).values()].every((count) => count === 1)).toBe(true);
    },
    60_000,
  );
});

/** How often each request came, probes left out. */
function counted(server: LlmServer): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { digest } of notProbes(server)) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  return counts;
}
