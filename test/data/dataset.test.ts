// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { InputKind, TaskDefinition } from "../../src/core/task.ts";
import { textAt, textColumn } from "../../src/core/text-column.ts";
import { readExamples, type SplitRows, writeFamily } from "../../src/data/dataset.ts";
import { NO_SPLIT } from "../../src/data/rows.ts";
import { SharedEngine } from "../../src/data/shared-engine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { readParquet, writeParquet } from "./parquet.ts";
import { refusalOf } from "./reading.ts";

function taskOf(name: string, labels: readonly string[], input: InputKind = "text"): TaskDefinition {
  return {
    name,
    family: "f",
    input,
    objective: "classification",
    description: "",
    labels: labels.map((label) => ({ name: label, description: "" })),
    default: null,
    targetPrecision: null,
    targetOutOfScopeRecall: null,
    minConfidence: null,
  };
}

interface Row {
  readonly id: string;
  readonly text: string;
  readonly textB?: string;
  readonly label?: number;
  readonly split?: number;
  readonly count?: number;
  readonly origin?: number;
  readonly source?: number;
  readonly language?: number;
  /** Index of the row whose id is the group's. */
  readonly group?: number;
}

function splitRows(task: TaskDefinition, rows: readonly Row[]): SplitRows {
  const id = Uint8Array.from(rows.flatMap((row) => [...Buffer.from(row.id.padEnd(32, "0"), "hex")]));
  return {
    rows: {
      task,
      length: rows.length,
      id,
      text: textColumn(rows.map((row) => row.text)),
      textB: task.input === "pair" ? textColumn(rows.map((row) => row.textB ?? "")) : null,
      label: Uint32Array.from(rows, (row) => row.label ?? 0),
      source: Uint16Array.from(rows, (row) => row.source ?? 0),
      sources: ["ds", 'it\'s "odd"'],
      role: new Uint8Array(rows.length),
      origin: Uint8Array.from(rows, (row) => row.origin ?? 0),
      language: Uint16Array.from(rows, (row) => row.language ?? 0),
      languages: ["", "de"],
      count: Uint32Array.from(rows, (row) => row.count ?? 1),
      group: Uint32Array.from(rows, (row, i) => row.group ?? i),
    },
    split: Uint8Array.from(rows, (row) => row.split ?? 0),
  };
}

const LONG = "a text of more than twelve bytes, é and \u{1f600}";
const first = taskOf("first", ["__proto__", "10", "nul\u0000inside"]);
const second = taskOf("second", ["10", "b"]);
const tasks = [first, second];

function family(): readonly SplitRows[] {
  return [
    splitRows(first, [
      { id: "ff01", text: LONG, label: 2, count: 7, origin: 2, language: 1, source: 1, group: 2 },
      { id: "80", text: "\ufeffmarked", label: 1 },
      { id: "01", text: "nul\u0000inside" },
      { id: "02", text: "to test", split: 1 },
      { id: "03", text: "left out", split: NO_SPLIT },
    ]),
    splitRows(second, [
      { id: "05", text: "z", label: 1 },
      { id: "04", text: "y" },
    ]),
  ];
}

describe("writing", () => {
  test("rows stand by task and id, columns as agreed, one file a split", async () => {
    const folder = temporaryFolder();
    await writeFamily(folder, "f", family());
    const id = (text: string) => text.padEnd(32, "0");
    expect(await readParquet(join(folder, "f_train.parquet"))).toEqual([
      [id("01"), "first", "__proto__", "nul\u0000inside", "ds", "real", "", "1", id("01"), "train"],
      [id("80"), "first", "10", "\ufeffmarked".slice(1), "ds", "real", "", "1", id("80"), "train"],
      [
        id("ff01"),
        "first",
        "nul\u0000inside",
        LONG,
        'it\'s "odd"',
        "synthetic",
        "de",
        "7",
        id("01"),
        "train",
      ],
      [id("04"), "second", "10", "y", "ds", "real", "", "1", id("04"), "train"],
      [id("05"), "second", "b", "z", "ds", "real", "", "1", id("05"), "train"],
    ]);
    const test1 = await readParquet(join(folder, "f_test.parquet"), "SELECT id, text, split FROM file");
    expect(test1).toEqual([[id("02"), "to test", "test"]]);
    expect(await readParquet(join(folder, "f_eval.parquet"))).toEqual([]);
    const described = await readParquet(join(folder, "f_eval.parquet"), "DESCRIBE SELECT * FROM file");
    expect(described.map(([name, type]) => `${name} ${type}`)).toEqual(
      ["id", "task", "label", "text", "source", "origin", "language", "count", "group_id", "split"].map(
        (name) => `${name} ${name === "count" ? "INTEGER" : "VARCHAR"}`,
      ),
    );
  });

  test("a family without a row has the same columns", async () => {
    const folder = temporaryFolder();
    const { rows } = splitRows(first, []);
    await writeFamily(folder, "f", [
      { rows: { ...rows, sources: [], languages: [] }, split: new Uint8Array() },
    ]);
    for (const split of ["train", "test", "eval"] as const) {
      const described = await readParquet(join(folder, `f_${split}.parquet`), "DESCRIBE SELECT * FROM file");
      const integers = described.filter(([, type]) => type !== "VARCHAR").map(([name]) => name);
      expect(integers).toEqual(["count"]);
      expect((await readExamples(folder, "f", split, [first])).get("first")?.label.length).toBe(0);
    }
  });

  test("a pair family has two texts", async () => {
    const folder = temporaryFolder();
    const pair = taskOf("p", ["same"], "pair");
    await writeFamily(folder, "f", [splitRows(pair, [{ id: "01", text: "a", textB: LONG }])]);
    const rows = await readParquet(join(folder, "f_train.parquet"), "SELECT text_a, text_b FROM file");
    expect(rows).toEqual([["a", LONG]]);
    const examples = (await readExamples(folder, "f", "train", [pair])).get("p");
    expect(examples?.textB === null ? null : examples && textAt(examples.textB, 0)).toBe(LONG);
  });

  test("long texts come in smaller groups of rows, which DuckDB has the memory for", async () => {
    const folder = temporaryFolder();
    const long = "a long text ".repeat(1700);
    const rows = Array.from({ length: 5000 }, (_, i) => ({
      id: i.toString(16).padStart(4, "0"),
      text: `${i} ${long}`,
      split: i % 10 === 0 ? 1 : 0,
    }));
    await writeFamily(folder, "f", [splitRows(first, rows)]);
    const groups = async (split: string) =>
      (
        await readParquet(
          join(folder, `f_${split}.parquet`),
          `SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata('${join(folder, `f_${split}.parquet`)}') ORDER BY ALL`,
        )
      ).map(([, count]) => Number(count));
    // 92 MB and 10 MB of text.
    expect(await groups("train")).toEqual([2048, 2048, 404]);
    expect(await groups("test")).toEqual([500]);
    const read = (await readExamples(folder, "f", "train", [first])).get("first");
    expect([read?.rows, read && textAt(read.text, 4499)]).toEqual([4500, `4999 ${long}`]);
  });

  test("the same rows give the same bytes, in any order, folder and time zone", async () => {
    const digests = async (rows: readonly SplitRows[]) => {
      const folder = temporaryFolder();
      await writeFamily(folder, "f", rows);
      return ["train", "test", "eval"].map((split) =>
        createHash("sha256")
          .update(readFileSync(join(folder, `f_${split}.parquet`)))
          .digest("hex"),
      );
    };
    const many = (order: (i: number) => number) => {
      const n = 5000;
      const row = (i: number): Row => ({
        id: createHash("sha256").update(String(i)).digest("hex").slice(0, 32),
        text: `text number ${i} ${"é".repeat(i % 40)}`,
        label: i % 3,
        split: i % 4,
        language: i % 2,
      });
      return [
        splitRows(
          first,
          Array.from({ length: n }, (_, i) => row(order(i))),
        ),
      ];
    };
    const forward = await digests(many((i) => i));
    expect(await digests(many((i) => i))).toEqual(forward);
    expect(await digests(many((i) => 4999 - i))).toEqual(forward);
    vi.stubEnv("TZ", "Asia/Tokyo");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await digests(many((i) => i))).toEqual(forward);
    vi.unstubAllEnvs();
    const golden = JSON.parse(readFileSync(new URL("../golden/data/splits.json", import.meta.url), "utf8"));
    expect({ many: forward, few: await digests(family()) }).toEqual(golden);
  });
});

describe("reading", () => {
  test("gives what was written, for each task", async () => {
    const folder = temporaryFolder();
    await writeFamily(folder, "f", family());
    const examples = await readExamples(folder, "f", "train", tasks);
    expect([...examples.keys()]).toEqual(["first", "second"]);
    const one = examples.get("first");
    if (one === undefined) throw new Error("no task");
    expect([0, 1, 2].map((i) => textAt(one.text, i))).toEqual(["nul\u0000inside", "\ufeffmarked", LONG]);
    expect(one).toMatchObject({ rows: 3, textB: null });
    expect([...one.label]).toEqual([0, 1, 2]);
    expect([...one.count]).toEqual([1, 1, 7]);
    expect([...one.origin]).toEqual([0, 0, 2]);
    expect([...one.group]).toEqual([0, 1, 0]);
    const two = examples.get("second");
    expect([...(two?.label ?? [])]).toEqual([0, 1]);
    expect([...(two?.group ?? [])]).toEqual([0, 1]);
    expect((await readExamples(folder, "f", "eval", tasks)).get("first")?.rows).toBe(0);
  });

  test("gives the same with one engine for all splits", async () => {
    const folder = temporaryFolder();
    await writeFamily(folder, "f", family());
    const engine = new SharedEngine();
    const splits = ["train", "test", "eval"] as const;
    const shared = await Promise.all(
      splits.map((split) => readExamples(folder, "f", split, tasks, "in_scope", engine.lend)),
    );
    for (const [i, split] of splits.entries())
      expect(shared[i]).toEqual(await readExamples(folder, "f", split, tasks));
    await engine.end();
  });

  test("labels follow the order of the tasks that are given", async () => {
    const folder = temporaryFolder();
    await writeFamily(folder, "f", family());
    const turned = taskOf("first", ["nul\u0000inside", "10", "more", "__proto__"]);
    const examples = await readExamples(folder, "f", "train", [second, turned]);
    expect([...examples.keys()]).toEqual(["second", "first"]);
    expect([...(examples.get("first")?.label ?? [])]).toEqual([3, 1, 0]);
  });

  test("an unknown task, label or file is named", async () => {
    const folder = temporaryFolder();
    await writeFamily(folder, "f", family());
    const cases = [
      ["f", [first], 'the TOML has no task "second"'],
      ["f", [first, taskOf("second", ["10"])], 'task "second" has no label "b"'],
      [
        "f",
        [taskOf("first", ["__proto__", "10", "nul\u0000inside", "b"]), taskOf("second", ["10"])],
        'task "second" has no label "b"',
      ],
      ["f", [taskOf("first", ["__proto__", "10"]), second], 'task "first" has no label "nul\\u0000inside"'],
      ["f", [taskOf("first", ["x"], "pair"), second], "the columns are id VARCHAR"],
      ["g", tasks, "the dataset has no file g_train.parquet"],
    ] as const;
    for (const [name, wanted, message] of cases) {
      const refusal = await refusalOf(readExamples(folder, name, "train", wanted));
      expect([refusal.code, refusal.message.slice(0, message.length)]).toEqual(["DATASET_MISMATCH", message]);
      expect(refusal.where).toBe(join(folder, `${name}_train.parquet`));
    }
  });

  test("a damaged file, and rows that no writer of ours wrote", async () => {
    const folder = temporaryFolder();
    await writeFamily(folder, "f", family());
    const path = join(folder, "f_train.parquet");
    const whole = readFileSync(path);
    const read = () => refusalOf(readExamples(folder, "f", "train", tasks));
    writeFileSync(path, whole.subarray(0, whole.length - 10));
    expect((await read()).code).toBe("DATASET_CORRUPT");
    writeFileSync(path, Buffer.from(whole).fill(0x55, 4, 900));
    expect((await read()).code).toBe("DATASET_CORRUPT");
    const base = join(folder, "base.parquet");
    writeFileSync(base, whole);
    const changes = {
      "NULL AS text": "rows lack a value",
      "NULL AS label": "rows lack a value",
      "'eval' AS split": "a row is not of the split train",
      '0::INTEGER AS "count"': "a row is not of the split train",
      "'guess' AS origin": "a row is not of the split train",
      "'xyz' AS group_id": "or its count, origin or group is none",
    };
    for (const [change, message] of Object.entries(changes)) {
      await writeParquet(
        path,
        `SELECT * REPLACE (${change.replace("NULL", "NULL::VARCHAR")}) FROM '${base}'`,
      );
      const refusal = await read();
      expect([change, refusal.code]).toEqual([change, "DATASET_CORRUPT"]);
      expect(refusal.message).toContain(message);
    }
    await writeParquet(path, `SELECT * EXCLUDE (language) FROM '${base}'`);
    expect((await read()).code).toBe("DATASET_MISMATCH");
    copyFileSync(base, path);
    expect((await readExamples(folder, "f", "train", tasks)).get("second")?.rows).toBe(2);
  });
});
