// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { FAULTS } from "../faults/llm/faults.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { llmServer } from "../faults/llm/support.ts";
import { backfillToml, llmRun, writeBackfillProject } from "../support/backfill-run.ts";
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
