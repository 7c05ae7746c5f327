// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { LlmServer } from "../faults/llm/server.ts";
import { llmServer } from "../faults/llm/support.ts";
import { backfillToml, writeBackfillProject } from "../support/backfill-run.ts";
import { cli, ended, jsonOf, says, startCli } from "../support/cli.ts";
import { isLabelling, readLabelled, textsAbout, writeLines } from "../support/label-run.ts";
import { taskToml } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const COLOURS = ["red", "green", "blue"];
const TEXTS = textsAbout(COLOURS, 10);

function project(server: LlmServer, more = "", folder = temporaryFolder()): string {
  writeBackfillProject(folder, backfillToml(server, more));
  writeLines(folder, "logs.txt", TEXTS);
  return folder;
}

/** Runs the command beside the server, which answers from this process. */
async function run(folder: string, ...args: readonly string[]) {
  const child = startCli(folder, ["label", ...args, "logs.txt"]);
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const code = await ended(child);
  return { code: typeof code === "number" ? code : null, out, err };
}

describe("label", () => {
  it("prints rows by label, what it took and where the files are; then nothing is asked again", async () => {
    const server = await llmServer();
    const folder = project(server, "price_input_per_million = 1\nprice_output_per_million = 1");
    const first = await run(folder, "--task", "colour");
    expect(first.code, first.err).toBe(0);
    const lines = first.out.split("\n");
    expect(lines.slice(0, 7)).toEqual([
      "label    rows",
      '"red"      10',
      '"green"    10',
      '"blue"     10',
      "",
      "30 of 30 texts labelled: datasets/labelled/colour.jsonl",
      "30 for a person to look at: datasets/labelled/colour.queue.csv",
    ]);
    expect(lines[7]).toMatch(/^\d requests, \d,\d{3} tokens, \$0\.00\d\d$/);
    expect(lines[8]).toContain('text = "text", label_column = "label", origin = "llm_labelled"');
    expect(first.err).toMatch(/^asking test-model for the labels of 30 texts \(\d batches\)$/m);
    const again = await run(folder, "--json");
    expect(jsonOf(again)).toMatchObject({
      ok: true,
      command: "label",
      labelled: 30,
      requests: 0,
      dollars: 0,
    });
  });

  it("ends with 3 where the budget left texts over, and says how to go on", async () => {
    const server = await llmServer();
    const folder = project(server, "max_requests = 2");
    const { code, out } = await run(
      folder,
      "--out",
      "some.jsonl",
      "--queue",
      "some.csv",
      "--queue-size",
      "3",
    );
    const done = readLabelled(join(folder, "some.jsonl")).length;
    expect(code).toBe(3);
    expect(out).toContain(
      `\n${done} of ${done} texts labelled: some.jsonl\n3 for a person to look at: some.csv\n`,
    );
    expect(out).toContain(
      `\n${30 - done} texts are left (exit code 3), since the budget of synthetic_llm is spent`,
    );
    expect(readFileSync(join(folder, "some.csv"), "utf8").split("\r\n")).toHaveLength(5);
  });

  it("tells how it goes off a terminal; a signal ends it with 130 and no file", async () => {
    const server = await llmServer({ latencyMs: ({ index }) => (index < 3 ? 0 : 300) });
    const folder = project(server, "concurrency = 1\nlog_stats_every_seconds = 0.1");
    const child = startCli(folder, ["label", "--task", "colour", "logs.txt"]);
    const end = ended(child);
    await says(child.stderr, "% accepted");
    child.kill("SIGINT");
    expect(await end).toBe(130);
    const { code, out } = await run(folder, "--json");
    expect(code).toBe(0);
    const { requests, labelled } = JSON.parse(out) as { requests: number; labelled: number };
    expect(labelled).toBe(30);
    expect(requests).toBeLessThan(4);
    const times = server.chats.filter(isLabelling).map(({ digest }) => server.counts.get(digest));
    expect(times.filter((count) => count !== 1)).toEqual([]);
  });
});

describe("a command line", () => {
  const folder = sharedFolder();
  beforeAll(async () => {
    const server = await LlmServer.start();
    await server.close();
    project(server, "", folder);
  });

  it.each<[string[], string]>([
    [["--task", "colour", "--text-a", "x"], 'task "colour" reads one text'],
    [["--out", "labelled/"], "--out takes a file whose name ends in .jsonl"],
    [["--task", "color"], 'the config has no task "color"\n   = hint: it has colour\n'],
  ])("%j: exit code 2", (args, message) => {
    const { code, out, err } = cli(folder, ["label", ...args, "logs.txt"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
  });

  it("names a task where the config has several", () => {
    const several = join(folder, "several.toml");
    const own = readFileSync(join(folder, "model_pipeline.toml"), "utf8");
    writeFileSync(several, `${own}\n${taskToml("size", "router", ["small", "large"])}`);
    const { code, err } = cli(folder, ["label", "-c", several, "logs.txt"]);
    expect(code).toBe(2);
    expect(err).toContain("the config has 2 tasks, and --task is left out\n");
    expect(err).toContain("= hint: name one with --task: colour, size\n");
  });
});
