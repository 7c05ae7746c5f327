// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { MAIN } from "../support/cli.ts";
import { hubServer } from "../support/hub.ts";
import { flipped } from "../support/hub-faults.ts";
import { COLOUR_TASK, colours, hubProject, hubToml } from "../support/hub-project.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";

const docs = readFileSync(join(CHECKOUT, "docs", "ci.md"), "utf8");

/** The block of docs/ci.md that stands below a mark. */
function marked(mark: string): string {
  const block = new RegExp(`<!-- ${mark} -->\n(?:<!-- .* -->\n)?\`\`\`\\w+\n([^]*?)\`\`\``).exec(docs)?.[1];
  if (block === undefined) throw new Error(`docs/ci.md has no ${mark}`);
  return block;
}

function recipe(mark: string): string {
  return marked(mark).replaceAll(/^git .*\n/gm, "");
}

interface Workflow {
  readonly jobs: {
    readonly models: { readonly steps: readonly { readonly uses?: string; readonly run?: string }[] };
  };
}

/** Runs a script in a folder, where npx runs the built modelpack. */
function shell(
  folder: string,
  endpoint: string,
  script: string,
): Promise<{ code: number | null; said: string }> {
  const bin = join(folder, ".bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "npx"), `#!/bin/sh\nshift\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(bin, "npx"), 0o755);
  const PATH = `${bin}${delimiter}${process.env.PATH}`;
  const env = { PATH, HOME: folder, HF_ENDPOINT: endpoint };
  const child = spawn("bash", ["-c", script], { cwd: folder, env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += data));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, said })));
}

it("docs/ci.md's recipe passes on the same bytes, and fails on others", { timeout: 120_000 }, async () => {
  const server = await hubServer([colours()]);
  const toml = hubToml("colours", "me/colours", "colour");
  const folder = hubProject("[train]\nmax_iter = 3\nalpha = 0.0001\n", COLOUR_TASK, toml);
  const fresh = () => {
    for (const made of ["datasets", "prepared_data", "trained_models"])
      rmSync(join(folder, made), { recursive: true, force: true });
  };
  expect(await shell(folder, server.url, recipe("record"))).toMatchObject({ code: 0 });

  fresh();
  server.repository("me/colours")?.commit(colours(4).files ?? {}, colours().card);
  const same = await shell(folder, server.url, recipe("check"));
  expect(same.code).toBe(0);
  expect(same.said).toMatch(/^prepared_data\/modelpack\/[0-9a-f]{12}\/manifest\.json: OK$/m);
  expect(same.said).toMatch(/^trained_models\/[0-9a-f]{12}\/manifest\.json: OK$/m);

  fresh();
  const config = join(folder, "model_pipeline.toml");
  const written = readFileSync(config, "utf8");
  writeFileSync(config, written.replace("max_iter = 3", "max_iter = 2"));
  const other = await shell(folder, server.url, recipe("check"));
  expect(other.code).toBe(1);
  expect(other.said).toContain("FAILED open or read");

  fresh();
  writeFileSync(config, written);
  server.play({ url: /two\.jsonl/, fault: flipped(7) });
  const changed = await shell(folder, server.url, recipe("check"));
  expect(changed.code).toBe(1);
  expect(changed.said).toContain("error: data/two.jsonl is not what was pinned");
});

it("docs/ci.md's workflow runs, and ends where a figure is short", { timeout: 120_000 }, async () => {
  const { steps } = (parse(marked("workflow")) as Workflow).jobs.models;
  expect(steps.flatMap(({ uses }) => uses ?? [])).toEqual([
    "actions/checkout@v4",
    "actions/setup-node@v4",
    "actions/cache@v4",
    "actions/upload-artifact@v4",
  ]);
  const runs = steps.flatMap(({ run }) => run ?? []).filter((run) => run !== "npm ci");
  expect(runs).toHaveLength(5);
  const server = await hubServer([colours()]);
  const toml = hubToml("colours", "me/colours", "colour");
  const folder = hubProject("[train]\nmax_iter = 3\nalpha = 0.0001\n", COLOUR_TASK, toml);
  expect(await shell(folder, server.url, recipe("record"))).toMatchObject({ code: 0 });
  const gate = marked("gate");
  writeFileSync(join(folder, "gate.mjs"), gate);
  for (const run of runs) {
    const { code, said } = await shell(folder, server.url, `set -e\n${run}`);
    expect(code, said).toBe(0);
    if (run.includes("gate.mjs"))
      expect(said).toMatch(/^ok {5}colour: macro-F1 [01]\.\d{4}, at least 0\.9$/m);
  }
  writeFileSync(join(folder, "gate.mjs"), gate.replace("0.9 }", "1.1 }"));
  const short = await shell(folder, server.url, `set -e\n${runs.at(-1)}`);
  expect(short.code).toBe(1);
  expect(short.said).toMatch(/^FAILED colour: macro-F1/m);
});
