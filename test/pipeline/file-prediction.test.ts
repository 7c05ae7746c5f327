// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import {
  Binary,
  DateDay,
  Dictionary,
  Int16,
  Int32,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, it } from "vitest";
import { silentReporter } from "../../src/core/reporter.ts";
import { withEngine } from "../../src/data/engine.ts";
import { resolveTables, tableFormatOf } from "../../src/data/table-files.ts";
import { type FilePrediction, predictFiles } from "../../src/pipeline/file-prediction.ts";
import { type Modelpack, openModelpack } from "../../src/runtime/node.ts";
import { readParquet, writeParquet } from "../data/parquet.ts";
import { starterModel, tinyModel } from "../support/model.ts";
import { FIRST, writeVersion } from "../support/pack.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const root = sharedFolder();
writeVersion(root, FIRST, [tinyModel(), await starterModel("pairs", ["conflict_detection"], "int8", 500)]);
const pack: Modelpack = await openModelpack(root, { strict: true });

interface Asked {
  readonly task?: string;
  readonly columns?: readonly string[];
  readonly top?: number;
  readonly prefix?: string;
  readonly signal?: AbortSignal;
  readonly notes?: string[];
}

/** Predicts files into another; `path` says its format. */
async function predicted(files: readonly string[], path: string, asked: Asked = {}): Promise<FilePrediction> {
  const kind = tableFormatOf(path);
  if (kind === undefined) throw new Error("no such output");
  const { task = "query_domain", columns = ["text"], top = null, prefix = "", signal, notes = [] } = asked;
  return predictFiles(
    pack,
    await resolveTables(files),
    { path, format: kind.format, gzip: kind.gzip },
    { ...silentReporter, note: (message) => void notes.push(message) },
    { tasks: pack.status().tasks.filter((one) => one.task === task), columns, top, prefix, signal },
  );
}

function written(name: string, content: string | Uint8Array, folder = temporaryFolder()): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The columns that are added for a text, as CSV. */
function cells(text: string): string {
  const { label, confidence, reason } = pack.predict("query_domain", text);
  return `${label},${confidence === 0 ? "0.0" : confidence},${reason ?? ""}`;
}

const ADDED = "query_domain_label,query_domain_confidence,query_domain_reason";
const BANK = "euros bank";

describe("CSV", () => {
  it("keeps every value as it is written, and the order of the rows", async () => {
    const rows = ['010,"a ""q"", ü",2020-01-01', "2,,TRUE", '3,"two\nlines",1e3', `4,${BANK},😀`];
    const path = written("rows.csv", `id,text,note\n${rows.join("\n")}\n`);
    const out = join(temporaryFolder(), "out.csv");
    const result = await predicted([path], out);
    const texts = ['a "q", ü', "", "two\nlines", BANK];
    expect(readFileSync(out, "utf8")).toBe(
      [`id,text,note,${ADDED}`, ...rows.map((row, i) => `${row},${cells(texts[i] ?? "")}`), ""].join("\n"),
    );
    expect(result).toMatchObject({ rows: 4, columns: ADDED.split(",") });
    expect(result.tasks).toEqual([
      {
        task: "query_domain",
        answered: 1,
        defaults: { low_confidence: 2, empty_input: 1 },
        labels: [
          { label: "general", rows: 3 },
          { label: "finance", rows: 1 },
          { label: "travel", rows: 0 },
        ],
      },
    ]);
  });

  it("takes odd names of columns, and says what a repeated one is called", async () => {
    const notes: string[] = [];
    const path = written("odd.csv", `"a ""b""",__proto__,text,text\n1,2,${BANK},other\n`);
    const out = join(temporaryFolder(), "out.tsv");
    await predicted([path], out, { notes });
    expect(readFileSync(out, "utf8").split("\n").slice(0, 2)).toEqual([
      `"a ""b"""\t__proto__\ttext\ttext_1\t${ADDED.replaceAll(",", "\t")}`,
      `1\t2\t${BANK}\tother\t${cells(BANK).replaceAll(",", "\t")}`,
    ]);
    expect(notes).toEqual(['note: two columns are called "text": the later one is "text_1" from here on']);
    const unnamed = written("unnamed.csv", `text,\n${BANK},x\n`);
    await predicted([unnamed], out, { notes });
    expect(notes.at(-1)).toBe('note: a column without a name is "column1" from here on');
  });

  it("finds the delimiter, and writes a CSV with the one that it was read with", async () => {
    const rows = [`3,50;${BANK};ü`, '"1;2";"a; b, c";', '7;"two\nlines";"say ""q"""'];
    const path = written("rows.csv", `\ufeffPreis;text;note\r\n${rows.join("\r\n")}\r\n`);
    const folder = temporaryFolder();
    const texts = [BANK, "a; b, c", "two\nlines"];
    await predicted([path], join(folder, "out.csv"));
    expect(readFileSync(join(folder, "out.csv"), "utf8")).toBe(
      [`Preis;text;note;${ADDED.replaceAll(",", ";")}`]
        .concat(
          rows.map((row, i) => `${row};${cells(texts[i] ?? "").replaceAll(",", ";")}`),
          "",
        )
        .join("\n"),
    );
    await predicted([path], join(folder, "out.tsv"));
    expect(readFileSync(join(folder, "out.tsv"), "utf8").split("\n")[1]).toBe(
      `3,50\t${BANK}\tü\t${cells(BANK).replaceAll(",", "\t")}`,
    );
    await predicted([path], join(folder, "out.jsonl"));
    expect(JSON.parse(readFileSync(join(folder, "out.jsonl"), "utf8").split("\n")[1] ?? "")).toMatchObject({
      Preis: "1;2",
      text: "a; b, c",
      note: null,
    });
    await predicted([join(folder, "out.jsonl")], join(folder, "again.csv"), { prefix: "new_" });
    expect(readFileSync(join(folder, "again.csv"), "utf8").split("\n")[1]).toMatch(/^"3,50",euros bank,ü,/);
  });

  it("says of a file that is no text that it is none, and not which quote is wrong", async () => {
    const path = written("photo.csv", Buffer.from(Array.from({ length: 2000 }, (_, i) => i % 256)));
    await expect(predicted([path], join(temporaryFolder(), "out.csv"))).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: "photo.csv is binary data, not csv in UTF-8",
    });
  });

  it("reads and writes gzip, and several files as one", async () => {
    const folder = temporaryFolder();
    written("1.csv.gz", gzipSync(`text\n${BANK}\n`), folder);
    written("2.csv.gz", gzipSync("text\nhello\n"), folder);
    const out = join(folder, "out.jsonl.gz");
    await predicted([join(folder, "*.csv.gz")], out);
    const rows = gunzipSync(readFileSync(out)).toString().trim().split("\n");
    expect(rows.map((row) => (JSON.parse(row) as { text: string }).text)).toEqual([BANK, "hello"]);
  });
});

describe("lines of text", () => {
  it.each([
    ["plain", "txt", (text: string) => text],
    ["gzip", "txt.gz", gzipSync],
  ])("are rows with one column, blank ones too: %s", async (_, extension, pack_) => {
    const path = written(`lines.${extension}`, pack_(`${BANK}\r\n\n"hello", he said`));
    const out = join(temporaryFolder(), "out.csv");
    await predicted([path], out);
    expect(readFileSync(out, "utf8")).toBe(
      [
        `text,${ADDED}`,
        `${BANK},${cells(BANK)}`,
        `"",${cells("")}`,
        `"""hello"", he said",${cells('"hello", he said')}`,
        "",
      ].join("\n"),
    );
  });

  it("refuses a damaged gzip", async () => {
    const path = written("lines.txt.gz", gzipSync(BANK.repeat(50)).subarray(0, 30));
    await expect(predicted([path], join(temporaryFolder(), "out.csv"))).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      where: path,
    });
  });
});

describe("JSON", () => {
  const added = (text: string) => {
    const { label, confidence, reason = null } = pack.predict("query_domain", text);
    return `"query_domain_label":${JSON.stringify(label)},"query_domain_confidence":${confidence},"query_domain_reason":${JSON.stringify(reason)}}`;
  };
  const objects = [
    `{"text":"${BANK}","n":12345678901234567890123,"x":1e3,"__proto__":{"a":1},"null":null`,
    '{"b":[1,  2],"text":null',
    "{",
    '{"text":"\\u0000\\ud83d\\ude00","a.b":"c"',
  ];
  const texts = [BANK, "", "", "\u0000😀"];
  const expected = objects.map(
    (object, i) => `${object}${object === "{" ? "" : ","}${added(texts[i] ?? "")}`,
  );

  it("keeps every byte of the objects", async () => {
    const path = written("rows.jsonl", objects.map((object) => `${object}}\n`).join(""));
    const out = join(temporaryFolder(), "out.jsonl");
    await predicted([path], out);
    expect(readFileSync(out, "utf8")).toBe(expected.map((line) => `${line}\n`).join(""));
  });

  it("reads and writes lists of objects", async () => {
    const path = written("rows.json", `[${objects.map((object) => `${object}\n}`).join(",\n")}]`);
    const out = join(temporaryFolder(), "out.json");
    await predicted([path], out);
    expect(readFileSync(out, "utf8")).toBe(`[\n${expected.join(",\n").replaceAll("{,", "{")}\n]\n`);
  });

  it("finds texts below dots, and names with dots before", async () => {
    const path = written("deep.jsonl", `{"a":{"b.c":{"d":"${BANK}"}}}\n`);
    const out = join(temporaryFolder(), "out.jsonl");
    await predicted([path], out, { columns: ["a.b.c.d"] });
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ query_domain_label: "finance" });
  });

  it("refuses what is no text", async () => {
    const path = written("mixed.jsonl", '{"text":{"a":1}}\n{"text":"x"}\n');
    await expect(predicted([path], join(temporaryFolder(), "o.jsonl"))).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringContaining('column "text" holds objects or arrays'),
    });
  });
});

const PARQUET = `SELECT * FROM (VALUES
  (1::UTINYINT, '${BANK}', DATE '2020-02-29', 18446744073709551615::UBIGINT, [1, NULL], {'a': 'x'}, '\\x00\\xFF'::BLOB, 1.10::DECIMAL(5, 2), TIMESTAMP '2001-02-03 04:05:06.789'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) t("i d", text, day, big, list, struct, bytes, price, moment)`;

describe("Parquet", () => {
  it("keeps values and types", async () => {
    const folder = temporaryFolder();
    const [path, out] = [join(folder, "in.parquet"), join(folder, "out.parquet")];
    await writeParquet(path, PARQUET);
    await predicted([path], out);
    const types = (file: string) => readParquet(file, "DESCRIBE SELECT * FROM file");
    expect((await types(out)).slice(0, 9)).toEqual(await types(path));
    expect((await types(out)).slice(9).map(([name, type]) => [name, type])).toEqual([
      ["query_domain_label", "VARCHAR"],
      ["query_domain_confidence", "DOUBLE"],
      ["query_domain_reason", "VARCHAR"],
    ]);
    const [first, second] = await readParquet(out);
    expect([first?.slice(0, 9), second?.slice(0, 9)]).toEqual(await readParquet(path));
    expect(first?.slice(9)).toEqual(["finance", String(pack.predict("query_domain", BANK).confidence), null]);
    expect(second?.slice(9)).toEqual(["general", "0", "empty_input"]);
  });

  it("keeps numbers of classes as they are, which a mapping would name", async () => {
    const folder = temporaryFolder();
    const [path, out] = [join(folder, "in.parquet"), join(folder, "out.jsonl")];
    const features = { label: { names: ["a", "b"], _type: "ClassLabel" } };
    await writeParquet(path, `SELECT 'x' AS text, 1::BIGINT AS label`, {
      huggingface: JSON.stringify({ info: { features } }),
    });
    await predicted([path], out);
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ text: "x", label: 1 });
  });

  it("streams more rows than fit in one batch, each with its own answer", async () => {
    const folder = temporaryFolder();
    const [path, out] = [join(folder, "in.parquet"), join(folder, "out.parquet")];
    await writeParquet(
      path,
      `SELECT i, CASE WHEN i % 3 = 0 THEN '${BANK}' ELSE 'flight ' || i END AS text FROM range(20000) t(i)`,
    );
    const result = await predicted([path], out);
    expect(result.tasks[0]?.labels.map(({ rows }) => rows)).toEqual([0, 6667, 13333]);
    const wrong = await readParquet(
      out,
      "SELECT count(*) FROM file WHERE query_domain_label <> CASE WHEN i % 3 = 0 THEN 'finance' ELSE 'travel' END",
    );
    expect(wrong).toEqual([["0"]]);
    expect(await readParquet(out, "SELECT list(i) = range(20000) FROM file")).toEqual([["true"]]);
  });
});

describe("Arrow", () => {
  const table = new Table({
    text: vectorFromArray([BANK, null, "hello"], new Utf8()),
    day: vectorFromArray([new Date(0), null, new Date(864e5)], new DateDay()),
    kind: vectorFromArray(["x", "y", "x"], new Dictionary(new Utf8(), new Int32())),
    bytes: vectorFromArray([new Uint8Array([1, 0, 255]), null, new Uint8Array([])], new Binary()),
    small: vectorFromArray([1, 2, null], new Int16()),
  });

  it.each(["file", "stream"] as const)("keeps values and types of a %s", async (kind) => {
    const path = written("in.arrow", tableToIPC(table, kind));
    const out = join(temporaryFolder(), "out.arrow");
    await predicted([path], out);
    const bytes = readFileSync(out);
    expect(bytes.subarray(0, 6).toString("latin1") === "ARROW1").toBe(kind === "file");
    const found = tableFromIPC(bytes);
    expect(found.schema.fields.slice(0, 5).map(String)).toEqual(table.schema.fields.map(String));
    expect(
      found
        .select(table.schema.fields.map(({ name }) => name))
        .toArray()
        .map(String),
    ).toEqual(table.toArray().map(String));
    expect([...(found.getChild("query_domain_label") ?? [])]).toEqual(["finance", "general", "general"]);
    expect([...(found.getChild("query_domain_reason") ?? [])]).toEqual([null, "empty_input", null]);
    expect(found.getChild("query_domain_confidence")?.get(0)).toBe(
      pack.predict("query_domain", BANK).confidence,
    );
  });

  it("reads several files, and does not write to another format what that would lose", async () => {
    const folder = temporaryFolder();
    const paths = [
      written("1.arrow", tableToIPC(table), folder),
      written("2.arrow", tableToIPC(table, "file"), folder),
    ];
    await predicted(paths, join(folder, "out.arrow"));
    expect(tableFromIPC(readFileSync(join(folder, "out.arrow"))).numRows).toBe(6);
    await expect(predicted(paths, join(folder, "out.csv"))).rejects.toMatchObject({
      code: "SOURCE_UNSUPPORTED",
      message: 'column "bytes" holds what only an Arrow file can keep here',
    });
    const plain = written("3.arrow", tableToIPC(table.select(["text", "small"])), folder);
    await predicted([plain], join(folder, "out.csv"));
    expect(readFileSync(join(folder, "out.csv"), "utf8")).toContain(`\n${BANK},1,finance,`);
  });

  it("refuses a file that was cut, and a column that is not there", async () => {
    const bytes = tableToIPC(table);
    const out = join(temporaryFolder(), "out.arrow");
    const cut = written("cut.arrow", bytes.subarray(0, bytes.length - 20));
    await expect(predicted([cut], out)).rejects.toMatchObject({ code: "SOURCE_UNREADABLE", where: cut });
    await expect(predicted([written("in.arrow", bytes)], out, { columns: ["body"] })).rejects.toMatchObject({
      code: "COLUMN_MISSING",
      message: 'there is no column "body"; there are "text", "day", "kind", "bytes", "small"',
    });
  });
});

describe("what is asked for", () => {
  it("lists the likeliest labels, and names the new columns", async () => {
    const path = written("rows.jsonl", `{"text":"${BANK}"}\n{"text":""}\n`);
    const out = join(temporaryFolder(), "out.jsonl");
    const result = await predicted([path], out, { top: 9, prefix: "m_" });
    const { probabilities = [] } = pack.predict("query_domain", BANK, { probabilities: true });
    const [first, second] = readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    probabilities.forEach(({ label, probability }, i) => {
      expect([
        first?.[`m_query_domain_top_${i + 1}`],
        first?.[`m_query_domain_top_${i + 1}_probability`],
      ]).toEqual([label, probability]);
    });
    expect(second?.m_query_domain_top_1).toBeNull();
    expect(result.columns.length).toBe(3 + 2 * 3);
  });

  it("answers all tasks of a family at once as it answers each", async () => {
    const path = written("rows.csv", `text\n${BANK}\nwire flight\n\n`);
    const folder = temporaryFolder();
    const tasks = pack.status().tasks.filter(({ input }) => input === "text");
    const out = join(folder, "all.csv");
    await predictFiles(
      pack,
      await resolveTables([path]),
      { path: out, format: "csv", gzip: false },
      silentReporter,
      {
        tasks,
        columns: ["text"],
        top: null,
        prefix: "",
        signal: undefined,
      },
    );
    for (const { task } of tasks) await predicted([path], join(folder, `${task}.csv`), { task });
    const columnOf = (file: string, name: string) =>
      withEngine((engine) =>
        engine.rows(`SELECT "${name}" FROM read_csv('${join(folder, file)}', all_varchar = true)`),
      );
    for (const { task } of tasks)
      for (const what of ["label", "confidence", "reason"])
        expect(await columnOf("all.csv", `${task}_${what}`)).toEqual(
          await columnOf(`${task}.csv`, `${task}_${what}`),
        );
  });

  it("compares pairs", async () => {
    const [a, b] = ["I moved to Oslo", "I live in Rome"];
    const path = written("pairs.csv", `said,says\n${a},${b}\n${a},\n`);
    const out = join(temporaryFolder(), "out.jsonl");
    await predicted([path], out, { task: "conflict_detection", columns: ["said", "says"] });
    const rows = readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    const { label, confidence } = pack.predictPair("conflict_detection", a, b);
    expect(rows).toMatchObject([
      { said: a, says: b, conflict_detection_label: label, conflict_detection_confidence: confidence },
      { conflict_detection_reason: "empty_input" },
    ]);
  });

  it.each<[string, string | Uint8Array, Asked, string, string]>([
    ["a.csv", "id,note\n1,x\n", {}, "COLUMN_MISSING", 'there is no column "text"; there are "id", "note"'],
    ["a.csv", "text,QUERY_domain_label\nx,y\n", {}, "USAGE", 'the rows have "QUERY_domain_label" already'],
    ["a.csv", 'text\n"x', {}, "SOURCE_UNREADABLE", "a quote is opened here and never closed"],
    ["a.csv", "", {}, "SOURCE_EMPTY", "a.csv is empty"],
    ["a.jsonl", '{"text":"x"', {}, "SOURCE_UNREADABLE", "unexpected end of data"],
    ["a.jsonl", '{"text":[1]}', {}, "COLUMN_TYPE", 'column "text" holds BIGINT[], which can\'t be text'],
    ["a.parquet", "no such thing", {}, "SOURCE_UNREADABLE", "No magic bytes"],
    ["a.xlsx", "x", {}, "SOURCE_UNSUPPORTED", "a.xlsx is of no format that is read"],
    ["a.txt", "x", { columns: ["body"] }, "COLUMN_MISSING", 'there is no column "body"; there are "text"'],
  ])("refuses %s %j with a reason", async (name, content, asked, code, message) => {
    const path = written(name, content);
    await expect(predicted([path], join(temporaryFolder(), "out.csv"), asked)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      where: path,
      ...(code === "SOURCE_EMPTY" ? {} : { hint: expect.any(String) }),
    });
  });

  it("refuses what is no file, and files of two formats", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "sub"));
    const [csv, txt] = [written("a.csv", "text\n", folder), written("a.txt", "x", folder)];
    const code = (files: readonly string[]) =>
      resolveTables(files).then(
        () => null,
        (error: { code: string; message: string }) => `${error.code} ${error.message}`,
      );
    expect(await code([join(folder, "sub")])).toMatch(/^SOURCE_MISSING .* is a folder$/);
    expect(await code([join(folder, "gone.csv")])).toMatch(/^SOURCE_MISSING there is no file /);
    expect(await code([join(folder, "*.parquet")])).toMatch(/^SOURCE_MISSING no file that is read matches/);
    expect(await code([csv, txt])).toBe("SOURCE_UNSUPPORTED the files are of two formats: a.csv and a.txt");
  });

  it("stops on the signal, in the middle of the rows", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "in.parquet");
    await writeParquet(path, "SELECT 'text ' || i AS text FROM range(2000000) t(i)");
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    await expect(predicted([path], join(folder, "out.csv"), { signal: stop.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});
