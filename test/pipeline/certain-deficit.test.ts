// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AcceptedRow } from "../../src/backfill/record.ts";
import { lacksForSure } from "../../src/pipeline/certain-deficit.ts";
import { acceptedRow } from "../support/ledger.ts";
import { datasetToml, load, set, taskToml } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const CONSTANT = (label: string) =>
  `[[datasets]]\nname = "${label}s"\nkind = "local"\npath = "x.jsonl"\nlicense = "CC0-1.0"\n[[datasets.map]]\ntask = "colour"\ntext = "text"\nlabel = "${label}"\n`;

/** A project of one task of two labels, and a target of two rows. */
function project(...datasets: string[]): string {
  const folder = temporaryFolder();
  const toml = `[prepare]\ntarget_per_task_label = 2\n${taskToml("colour", "router", ["red", "blue"])}\n${datasets.join("\n")}`;
  writeFileSync(join(folder, "model_pipeline.toml"), toml);
  return folder;
}
const accepted = (...labels: string[]): AcceptedRow[] =>
  labels.map((label, i) => acceptedRow(i, { task: "colour", label }));
const lacks = (folder: string, rows: readonly AcceptedRow[] = [], options = {}, ...more: string[]) =>
  lacksForSure(load(folder, set(...more)).config, rows, options);

describe("a label lacks rows for sure", () => {
  it("where no map can give it any, and too few were accepted", async () => {
    const folder = project(CONSTANT("red"));
    expect(await lacks(folder)).toBe(true);
    expect(await lacks(folder, accepted("blue"))).toBe(true);
    expect(await lacks(folder, accepted("red", "red"))).toBe(true);
    expect(await lacks(folder, accepted("blue", "blue"))).toBe(false);
    const others = [acceptedRow(1, { task: "other", label: "blue" }), ...accepted("blue")];
    expect(await lacks(folder, others)).toBe(true);
  });

  it("but not where a column may hold any label, or another map is for it", async () => {
    expect(await lacks(project(datasetToml("all", "x.jsonl", "colour")))).toBe(false);
    expect(await lacks(project(CONSTANT("red"), CONSTANT("blue")))).toBe(false);
  });

  it("where only test rows, or a dataset that is switched off, would have it", async () => {
    const test = CONSTANT("blue").replace('label = "blue"', 'label = "blue"\nrole = "test"');
    expect(await lacks(project(CONSTANT("red"), test))).toBe(true);
    const off = CONSTANT("blue").replace('kind = "local"', 'kind = "local"\nenabled = false');
    expect(await lacks(project(CONSTANT("red"), off))).toBe(true);
  });

  it("but not where an earlier pipeline's rows may have it, unless they are left out", async () => {
    const folder = project(CONSTANT("red"));
    const { config } = load(folder);
    const file = join(config.paths.bootstrap_prepared_dir, "router_train.parquet");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "rows");
    expect(await lacks(folder)).toBe(false);
    expect(await lacks(folder, [], { forceFull: true })).toBe(true);
  });
});
