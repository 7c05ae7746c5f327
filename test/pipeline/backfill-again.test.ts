// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FAULTS } from "../faults/llm/faults.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { llmServer } from "../faults/llm/support.ts";
import { acceptedPath, backfillToml, llmRun, writeBackfillProject } from "../support/backfill-run.ts";
import { rejection } from "../support/failure.ts";
import { readJson, runPrepare, set } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// The same command after a run that ended badly.

const project = (server: LlmServer) => writeBackfillProject(temporaryFolder(), backfillToml(server));
const isForRows = ({ body }: { readonly body: object }) => JSON.stringify(body).includes("Canary: ");

describe("after a standstill", () => {
  it("a server that is mended is asked anew, and not held to replies of before", async () => {
    const server = await llmServer();
    const folder = project(server);
    server.play({ when: isForRows, fault: FAULTS.prose.fault });
    expect(await rejection(runPrepare(folder, {}, llmRun()))).toMatchObject({ code: "LLM_INCOMPATIBLE" });
    server.reset();
    expect(await runPrepare(folder, {}, llmRun())).toMatchObject({ deficit: 0 });
  });

  it("of requests that never end, the hint says what to raise, and that helps", async () => {
    const server = await llmServer();
    const folder = project(server);
    server.play({ when: isForRows, fault: () => undefined });
    const hasty = set("synthetic_llm.timeout_seconds=0.4", "synthetic_llm.max_retries=0");
    expect(await rejection(runPrepare(folder, hasty, llmRun()))).toMatchObject({
      code: "LLM_UNREACHABLE",
      hint: expect.stringContaining("timeout_seconds"),
    });
    expect(readJson(folder, "datasets", "backfill", "backfill_report.json")).toMatchObject({
      outcome: "LLM_UNREACHABLE",
    });
    server.reset();
    expect(await runPrepare(folder, {}, llmRun())).toMatchObject({ deficit: 0 });
  });
});

it("--force-full leaves the ledger as it is where its server is not there", async () => {
  const server = await llmServer();
  const folder = project(server);
  await runPrepare(folder, {}, llmRun());
  const before = readFileSync(acceptedPath(folder), "utf8");
  await server.close();
  const anew = runPrepare(folder, set("prepare.seed=7"), llmRun({ forceFull: true }));
  expect(await rejection(anew)).toMatchObject({ code: "LLM_UNREACHABLE" });
  expect(readFileSync(acceptedPath(folder), "utf8")).toBe(before);
  expect(await runPrepare(folder, {}, { locked: true })).toMatchObject({ deficit: 0 });
});

it("a locked run asks no server, whoever calls it", async () => {
  const server = await llmServer();
  expect(await runPrepare(project(server), {}, llmRun({ locked: true }))).toMatchObject({ deficit: 47 });
  expect(server.requests).toEqual([]);
});

it("a run that fails says why, and not that its report could not be written", async () => {
  const server = await llmServer();
  const folder = project(server);
  mkdirSync(join(folder, "datasets", "backfill", "backfill_report.json"), { recursive: true });
  server.play({ when: isForRows, fault: FAULTS.prose.fault });
  expect(await rejection(runPrepare(folder, {}, llmRun()))).toMatchObject({ code: "LLM_INCOMPATIBLE" });
});
