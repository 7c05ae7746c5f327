// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { silentReporter } from "../../src/core/reporter.ts";
import { type AuditOptions, type AuditResult, audit } from "../../src/pipeline/audit.ts";
import { readStatus } from "../../src/pipeline/status.ts";
import { readParquet } from "../data/parquet.ts";
import { rejection } from "../support/failure.ts";
import {
  datasetToml,
  load,
  namedRows,
  runPrepare,
  runTrain,
  set,
  taskToml,
  writeProject,
  writeRows,
} from "../support/project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const FORMULA = "=HYPERLINK(1)";
const SCRIPT = "<script>alert(1)</script>";
const LABELS = [FORMULA, SCRIPT, "blue"];
const SOURCE = "<img src=x onerror=alert(2)>";

/** Rows of three labels, every twelfth with the label after its own; the texts begin with what a spreadsheet runs. */
function writeMislabelled(folder: string): string {
  const toml = `[prepare]
target_per_task_label = 0
near_duplicate_threshold = 0.95

[train]
max_iter = 4
max_features = 4000
workers = 2

${taskToml("colour", "router", LABELS)}
${taskToml("size", "router", ["small", "large"])}
${datasetToml(SOURCE, "rows.jsonl", "colour")}
${datasetToml("sizes", "sizes.jsonl", "size")}`;
  writeProject(folder, toml);
  writeRows(join(folder, "rows.jsonl"), MADE);
  return folder;
}

const MADE = namedRows(LABELS, 100, 1).map(({ text, label }, i) => ({
  text: `+${text} ${SCRIPT}`,
  label: i % 12 === 5 ? (LABELS[(LABELS.indexOf(label) + 1) % 3] as string) : label,
}));
const WRONG = new Set(MADE.filter((_, i) => i % 12 === 5).map(({ text }) => text));

function suspectsOf({ tasks }: AuditResult): number {
  return tasks.reduce((sum, { suspects }) => sum + suspects.length, 0);
}

let project = "";
let found: AuditResult;

function run(more: Partial<AuditOptions> = {}, ...settings: string[]): Promise<AuditResult> {
  return audit(load(project, set(...settings)), silentReporter, { task: null, top: 10, ...more });
}

beforeAll(async () => {
  project = writeMislabelled(sharedFolder());
  await runPrepare(project);
  await runTrain(project);
  found = await run();
});

describe("audit", () => {
  it("finds the mislabelled rows of every split, with all that the dataset says of them", async () => {
    const [colour, size] = found.tasks;
    expect(found.tasks.map(({ task, rows, idle }) => [task, rows, idle])).toEqual([
      ["colour", 300, null],
      ["size", 50, "200 rows are needed to judge by, and there are 50"],
    ]);
    expect(size).toMatchObject({ suspects: [], estimatedWrong: null });
    const suspects = colour?.suspects ?? [];
    expect(suspects.every(({ texts }) => WRONG.has(texts[0] ?? ""))).toBe(true);
    expect(suspects.length).toBeGreaterThan(0.7 * WRONG.size);
    expect(new Set(suspects.map(({ split }) => split)).size).toBeGreaterThan(1);
    expect(colour?.confused.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThanOrEqual(suspects.length);
    for (const row of suspects) {
      expect(row).toMatchObject({ source: SOURCE, origin: "real" });
      expect(row.suggestedConfidence).toBeGreaterThan(row.confidence);
      const [own] = await readParquet(
        join(project, "prepared_data", "modelpack", found.dataset, `router_${row.split}.parquet`),
        `SELECT text, label FROM file WHERE id = '${row.id}'`,
      );
      expect(own).toEqual([row.texts[0], row.label]);
    }
  });

  it("writes beside the versions, which no other command takes for one", async () => {
    const root = join(project, "trained_models");
    expect([found.page, found.table]).toEqual([
      join(root, "audit", found.version, "audit.html"),
      join(root, "audit", found.version, "audit.csv"),
    ]);
    expect(readdirSync(join(root, "audit", found.version)).sort()).toEqual(["audit.csv", "audit.html"]);
    const status = await readStatus(load(project).config);
    expect(status.packs.map(({ version, problem }) => [version, problem])).toEqual([[found.version, null]]);
    expect((await runTrain(project)).unchanged).toBe(true);
  });

  it("writes a table of every suspect row that no spreadsheet runs", () => {
    const lines = readFileSync(found.table, "utf8").split("\r\n");
    expect(lines[0]).toBe(
      '\ufeff"task","rank","id","text","label","suggested_label","confidence","suggested_confidence","source","origin","split"',
    );
    expect(lines).toHaveLength(suspectsOf(found) + 2);
    expect(
      lines.slice(1, -1).every((line) => line.startsWith('"colour","') && line.includes(`,"'+topic`)),
    ).toBe(true);
    expect(lines.some((line) => line.includes(`"'${FORMULA}"`))).toBe(true);
  });

  it("writes a page where nothing of the data is markup", () => {
    const page = readFileSync(found.page, "utf8");
    expect(page).not.toContain(SCRIPT);
    expect(page).not.toContain("<img");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page.match(/<td class="number">10<\/td>/g)).toHaveLength(1);
    expect(page).toContain(`${suspectsOf(found) - 10} more suspect rows`);
    expect(page).toContain("Not judged: 200 rows are needed");
  });

  it("writes the same with 1 thread as with 2, and the same of one task", async () => {
    const files = () => [found.page, found.table].map((path) => readFileSync(path));
    const before = files();
    await run({}, "train.workers=1");
    expect(files()).toEqual(before);
    const one = await run({ task: "colour" });
    expect(one.tasks).toEqual(found.tasks.slice(0, 1));
  });

  it("stops when it is told to, and leaves what was there", async () => {
    const before = readFileSync(found.table);
    const stop = new AbortController();
    stop.abort();
    expect(await rejection(run({ signal: stop.signal }))).toMatchObject({ code: "INTERRUPTED" });
    expect(readFileSync(found.table).equals(before)).toBe(true);
  });

  it("refuses a task that is not there, and a dataset that the pack has not learnt from", async () => {
    expect(await rejection(run({ task: "nope" }))).toMatchObject({
      code: "USAGE",
      message: 'the pack has no task "nope"',
      hint: "it has colour, size",
    });
    await runPrepare(project, set("prepare.seed=7"));
    expect(await rejection(run())).toMatchObject({
      code: "DATASET_MISMATCH",
      hint: "run `modelpack train`, then the audit again",
    });
  });
});
