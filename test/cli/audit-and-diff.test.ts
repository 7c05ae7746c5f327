// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cli, jsonOf } from "../support/cli.ts";
import { datasetToml, namedRows, taskToml, writeProject, writeRows } from "../support/project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const LABELS = ["red", "green", "blue"];
const project = sharedFolder();

const documented = JSON.parse(
  readFileSync(new URL("../../scripts/json-examples.json", import.meta.url), "utf8"),
) as Record<string, readonly object[]>;

/** Names of all members of a value, at any depth, of lists by their first item. */
function membersOf(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : membersOf(value[0], `${at}[]`);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    `${at}.${name}`,
    ...membersOf(member, `${at}.${name}`),
  ]);
}

beforeAll(() => {
  writeProject(
    project,
    `[prepare]\ntarget_per_task_label = 0\nnear_duplicate_threshold = 0.95\n\n[train]\nmax_iter = 2\nmax_features = 2000\n\n${taskToml("colour", "router", LABELS)}${datasetToml("colours", "rows.jsonl", "colour")}`,
  );
  const rows = namedRows(LABELS, 100, 3);
  // Every twelfth label is wrong.
  writeRows(
    join(project, "rows.jsonl"),
    rows.map((row, i) =>
      i % 12 === 0 ? { ...row, label: LABELS[(LABELS.indexOf(row.label) + 1) % 3] } : row,
    ),
  );
  for (const args of [["prepare", "--no-llm"], ["train"], ["train", "--max-iter", "5"]]) {
    const { code, err } = cli(project, args);
    expect(code, err).toBe(0);
  }
});

describe("report --audit", () => {
  it("writes a page and a table beside the versions, and prints what the documentation shows", () => {
    const result = cli(project, ["report", "--audit", "--json"]);
    expect(result.code, result.err).toBe(0);
    const found = jsonOf<{ version: string; page: string; table: string; tasks: { suspect_rows: number }[] }>(
      result,
    );
    expect(membersOf(found)).toEqual(membersOf(documented.report?.[1]));
    expect(found.page).toBe(join(project, "trained_models", "audit", found.version, "audit.html"));
    expect(found.tasks[0]?.suspect_rows).toBeGreaterThan(5);
    const lines = readFileSync(found.table, "utf8").trim().split("\n");
    expect(lines.length - 1).toBe(found.tasks[0]?.suspect_rows);
    expect(existsSync(found.page)).toBe(true);
  });

  it.each([
    [["--top", "0"], "--top takes a whole number over 0"],
    [["--task", "shape"], 'the pack has no task "shape"'],
    [["--pack", "trained_models"], "--audit and --pack exclude each other"],
  ])("refuses %j with 2, on standard error", (args, says) => {
    const { code, out, err } = cli(project, ["report", "--audit", ...args]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(says);
  });
});

describe("diff", () => {
  const versions = () =>
    jsonOf<{ packs: { version: string; current: boolean }[] }>(cli(project, ["status", "--json"])).packs;

  it("prints what the documentation shows, and writes a page", () => {
    const old = versions().find(({ current }) => !current)?.version ?? "";
    writeFileSync(join(project, "texts.txt"), "topic0 about0\n\ntopic1\nTopic1\ntopic1\n");
    const args = ["diff", old, "latest", "--texts", "texts.txt", "--out", "diff.html"];
    const result = cli(project, [...args, "--json"]);
    expect(result.code, result.err).toBe(0);
    const found = jsonOf<{ settings: unknown; texts: { texts: number }[]; page: string }>(result);
    expect(found.settings).toEqual([{ name: "train.max_iter", a: "2", b: "5" }]);
    expect(found.texts).toMatchObject([{ task: "colour", texts: 2, repeated: 2, dropped: 1 }]);
    const page = readFileSync(join(project, "diff.html"), "utf8");
    expect(page).toContain(`<title>From ${old} to `);
    expect(page).toMatch(/<p>\d answers? of 2 texts \(2 repeated, 1 left out: no usable text\) flipped \(/);
    const names = membersOf({ ...found, texts: [] });
    expect(names).toEqual(membersOf(documented.diff?.[0]));
    expect(names.filter((name) => /[A-Z]/.test(name))).toEqual([]);
    expect(cli(project, args).out).toMatch(/^colour +\d+ +\d+ +[01]\.\d{4} /m);
  });

  it.each([
    [["latest"], "diff takes two packs, got 1"],
    [["latest", "zzzz"], 'there is no version and no pack "zzzz"'],
    [["latest", "latest", "--text", "said"], "a column is named, and no file"],
    [["latest", "latest", "--out", "page.txt"], "whose name ends in .html"],
  ])("refuses %j with 2, on standard error", (args, says) => {
    const { code, out, err } = cli(project, ["diff", ...args]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(says);
  });
});
