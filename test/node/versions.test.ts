// SPDX-License-Identifier: Apache-2.0
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { NODE_VERSIONS, nodeBinary } from "../support/node-binary.ts";
import { oddRows } from "../support/odd-rows.ts";
import { digests, makeWorkspace, PREPARE, starterConfig, succeed } from "../support/pipeline-run.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const WORKERS = [1, 2, 3, 4, 8];

const binaries = NODE_VERSIONS.map((version) => ({ version, binary: nodeBinary(version) }));

/** Labels that differ in their form of normalization only, and others that an object would reorder. */
const LABELS = ["é", "e\u0301", "10", "İ"];

function oddConfig(): string {
  const task = (name: string, input: string, columns: string) => `[[tasks]]
name = "${name}"
family = "odd_${input}"
input = "${input}"
labels = ${JSON.stringify(LABELS)}
[[datasets]]
name = "${name}"
kind = "local"
path = "odd.jsonl"
[[datasets.map]]
role = "train"
task = "${name}"
${columns}
label_column = "label"
`;
  return [
    '[prepare]\ntarget_per_task_label = 10\n[train]\nmin_df = 1\nmax_iter = 6\ncalibration_method = "sigmoid"\n',
    task("one", "text", 'text = "text"'),
    task("two", "pair", 'text_a = "text_a"\ntext_b = "text_b"'),
  ].join("\n");
}

/** Runs both stages under a Node and returns the digests of all files: train's for each number of workers. */
async function stagesUnder(workspace: string, binary: string, workers: readonly number[]) {
  // `bare`: the prefix is the Node under test.
  const options = { prefix: [binary], bare: true };
  await succeed(workspace, ["prepare"], options);
  const packs: Record<string, Readonly<Record<string, string>>> = {};
  for (const count of workers) {
    const folder = `models_${count}`;
    const set = ["--workers", String(count), "--set", `paths.trained_models_dir="${folder}"`];
    await succeed(workspace, ["train", ...set], options);
    packs[`${count} workers`] = digests(join(workspace, folder));
  }
  return { dataset: digests(join(workspace, PREPARE.folder)), packs };
}

const configs: Readonly<Record<string, (folder: string) => void>> = {
  "the starter rows": (folder) => {
    makeWorkspace(folder, starterConfig());
  },
  "odd texts": (folder) => {
    makeWorkspace(folder, oddConfig());
    writeFileSync(join(folder, "odd.jsonl"), oddRows(400, LABELS));
  },
};

describe.each(Object.entries(configs))("%s", (name, make) => {
  const kept = sharedFolder();
  const source = join(kept, "source");
  let expected: Awaited<ReturnType<typeof stagesUnder>>;

  beforeAll(async () => {
    make(source);
    const first = join(kept, "first");
    cpSync(source, first, { recursive: true });
    expected = await stagesUnder(first, process.execPath, [2]);
    expect(Object.keys(expected.dataset).filter((file) => file.endsWith(".parquet")).length).toBeGreaterThan(
      5,
    );
    expect(Object.keys(expected.packs["2 workers"] ?? {}).length).toBeGreaterThan(18);
  });

  for (const { version, binary } of binaries)
    it.skipIf(binary === null && process.env.CI !== "true")(
      `gives the same bytes under Node ${version} with any number of workers${binary === null ? " (not to be had here)" : ""}`,
      async () => {
        expect(binary, `npx -p node@${version} node`).not.toBeNull();
        const workspace = temporaryFolder();
        cpSync(source, workspace, { recursive: true });
        const workers = name === "odd texts" || version === "20.19.0" ? [2, 3] : WORKERS;
        const made = await stagesUnder(workspace, binary ?? "", workers);
        expect(made.dataset).toEqual(expected.dataset);
        for (const [count, pack] of Object.entries(made.packs))
          expect(pack, count).toEqual(expected.packs["2 workers"]);
      },
    );
});
