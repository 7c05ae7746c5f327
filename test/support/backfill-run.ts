// SPDX-License-Identifier: Apache-2.0

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ACCEPTED_FILE } from "../../src/backfill/ledger.ts";
import type { PrepareOptions } from "../../src/pipeline/prepare-options.ts";
import { type LlmOptions, LlmServer } from "../faults/llm/server.ts";
import { TIMING } from "../faults/llm/support.ts";
import { datasetToml, namedRows, taskToml, writeRows } from "./project.ts";

/** A project of one task of three labels: many rows of red, some of green, none of blue. */
export function backfillToml(server: LlmServer, more = "", prepare = ""): string {
  return `[prepare]
target_per_task_label = 30
near_duplicate_threshold = 0.8
${prepare}

[synthetic_llm]
model = "${server.model}"
base_url = "${server.baseUrl}"
batch_size = 8
${more}

${taskToml("colour", "router", ["red", "green", "blue"], 'default = "red"\ndescription = "Which colour a message is about."')}
${datasetToml("colours", "colours.jsonl", "colour")}`;
}

/** Writes the project and its rows. */
export function writeBackfillProject(folder: string, toml: string): string {
  const rows = namedRows(["red", "green"], 40, 1);
  writeRows(
    join(folder, "colours.jsonl"),
    rows.filter(({ label }, i) => label === "red" || i % 3 === 0),
  );
  writeFileSync(join(folder, "model_pipeline.toml"), toml);
  return folder;
}

/** Options of a run that asks the LLM, with short waits. */
export function llmRun(more: PrepareOptions = {}): PrepareOptions {
  let ticks = 0;
  return { backfill: true, llmTiming: TIMING, environment: {}, clock: () => ticks++, ...more };
}

/** Where a project's accepted rows are. */
export function acceptedPath(folder: string): string {
  return join(folder, "datasets", "backfill", ACCEPTED_FILE);
}

export async function startLlm(options: LlmOptions = {}): Promise<LlmServer> {
  return LlmServer.start(options);
}
