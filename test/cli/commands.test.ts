// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { commandOutlines } from "../../src/cli/program.ts";
import { cli, jsonOf } from "../support/cli.ts";
import { writeProject } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const project = writeProject(sharedFolder());

interface Predicted {
  readonly text?: string;
  readonly text_a?: string;
  readonly text_b?: string;
  readonly predictions: readonly {
    task: string;
    label: string;
    confidence: number;
    probabilities?: unknown[];
  }[];
}

const predicted = (args: readonly string[], input = "") =>
  jsonOf<{ predictions: readonly Predicted[] }>(cli(project, ["predict", "--json", ...args], { input }))
    .predictions;

beforeAll(() => {
  const prepare = cli(project, ["prepare", "--no-llm"]);
  expect(prepare.code, prepare.err).toBe(0);
  const train = cli(project, ["train"]);
  expect(train.code, train.err).toBe(0);
  expect(train.out).toMatch(/^router {2}colour +12 /m);
});

describe("prepare", () => {
  it("prints rows by label, drops and what is missing, with paths as they are typed", () => {
    const { code, out, err } = cli(project, ["prepare", "--no-llm"]);
    expect(code).toBe(0);
    expect(err).toMatch(/^nothing has changed: dataset [0-9a-f]{12} is up to date\n$/);
    expect(out).toMatch(/^size {4}"small" +19 +3 +3 +5$/m);
    expect(out).toMatch(/^dataset [0-9a-f]{12} in prepared_data\/modelpack\/[0-9a-f]{12}$/m);
    expect(out).toContain("10 rows are missing to prepare.target_per_task_label");
    expect(out).not.toContain(project);
  });

  it("ends with 3 when it fell short and on_underfill is fail, every time", () => {
    const args = ["prepare", "--no-llm", "--json", "--set", "prepare.on_underfill=fail"];
    for (let time = 0; time < 2; time++) {
      const result = cli(project, args);
      expect(result.code).toBe(3);
      expect(jsonOf(result)).toMatchObject({ ok: true, command: "prepare", unchanged: true, deficit: 10 });
    }
    expect(cli(project, [...args, "--target-per-task-label", "25"]).code).toBe(0);
    const plain = cli(project, ["prepare", "--no-llm", "--set", "prepare.on_underfill=fail"]);
    expect(plain.out).toContain(
      'exit code 3, since prepare.on_underfill = "fail": the dataset itself is whole',
    );
    const warned = cli(project, ["prepare", "--no-llm"]);
    expect(warned.code).toBe(0);
    expect(warned.out).not.toContain("exit code");
  });

  it("--dry-run writes nothing", () => {
    const folder = writeProject(temporaryFolder());
    const result = cli(folder, ["prepare", "--no-llm", "--dry-run", "--json"]);
    expect(result.code).toBe(0);
    expect(jsonOf(result)).toEqual({
      ok: true,
      command: "prepare",
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
      folder: expect.any(String),
      unchanged: false,
      downloads: [],
      fill: null,
      dry_run: true,
    });
    expect(existsSync(join(folder, "prepared_data"))).toBe(false);
  });

  it("fails with 1 for a dataset that is not there", () => {
    const folder = writeProject(temporaryFolder());
    rmSync(join(folder, "sizes.jsonl"));
    const { code, out, err } = cli(folder, ["prepare", "--no-llm"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("sizes.jsonl");
    expect(err).toContain("= hint: ");
  });
});

describe("predict", () => {
  it("answers every task for a text, or the one that is named", () => {
    expect(predicted(["topic2 about2"])).toMatchObject([
      { text: "topic2 about2", predictions: [{ task: "colour", label: "blue" }, { task: "size" }] },
    ]);
    expect(predicted(["--task", "colour", "topic1 about1"])[0]?.predictions).toMatchObject([
      { label: "green", source: "model" },
    ]);
  });

  it("reads a text a line from standard input, whatever else is in the line", () => {
    const texts = ["topic0 about0", "", "a\u2028b", "tab\there", "last without newline"];
    expect(predicted([], `\ufeff${texts.join("\r\n")}`).map(({ text }) => text)).toEqual(texts);
    expect(predicted([], "")).toEqual([]);
    const empty = cli(project, ["predict"], { input: "" });
    expect([empty.code, empty.out.trim()]).toEqual([0, ""]);
    expect(empty.err).toBe("standard input was empty: there was nothing to predict\n");
  });

  it("lists the likeliest labels with --top", () => {
    const [first] = predicted(["--task", "colour", "--top", "2", "topic0 about0"]);
    expect(first?.predictions[0]?.probabilities).toMatchObject([{ label: "red" }, {}]);
    expect(cli(project, ["predict", "--top", "0", "x"]).code).toBe(2);
  });

  it("compares pairs, as arguments and from lines with a tab", () => {
    const expected = [{ text_a: "topic0 one", text_b: "topic0 one indeed", predictions: [{ task: "same" }] }];
    expect(predicted(["--pair", "topic0 one", "topic0 one indeed"])).toMatchObject(expected);
    expect(predicted(["--pair", "--task", "same"], "topic0 one\ttopic0 one indeed\n")).toMatchObject(
      expected,
    );
  });

  it.each<[string[], string, string]>([
    [["--pair", "one"], "", "--pair takes two texts, got 1"],
    [["--pair"], "no tab\n", "line 1 has no tab between its two texts"],
    [["--task", "same", "one"], "", 'task "same" compares two texts'],
    [["--task", "colour", "--pair", "a", "b"], "", "this pack's tasks read one"],
    [["--task", "gone", "a"], "", 'the pack has no task "gone"'],
  ])("%j refuses what does not fit: exit code 2", (args, input, message) => {
    const { code, err } = cli(project, ["predict", ...args], { input });
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it("opens the folder that --pack names, also without a config", () => {
    const { code, out } = cli(temporaryFolder(), [
      "predict",
      "--pack",
      join(project, "trained_models"),
      "--task",
      "colour",
      "topic0 about0",
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}colour: {2}red {2}[01]\.\d{3}\n$/);
  });
});

interface Explained {
  readonly bias: Sides;
  readonly score: Sides;
  readonly contributions: readonly (Sides & { text: string })[];
}
interface Sides {
  readonly label: number;
  readonly runnerUp: number;
}

describe("explain", () => {
  it.each<[string, string[]]>([
    ["colour", ["topic1 about1 filler3"]],
    ["same", ["topic0 one filler1", "topic0 one filler1 indeed"]],
  ])("adds up to the scores: %s", (task, texts) => {
    const found = jsonOf<Explained>(cli(project, ["explain", "--json", "--task", task, ...texts]));
    expect(found.contributions.length).toBeGreaterThan(3);
    for (const side of ["label", "runnerUp"] as const) {
      const sum = found.contributions.reduce((total, one) => total + one[side], found.bias[side]);
      expect(sum).toBeCloseTo(found.score[side], 4);
    }
  });

  it("shows the strongest and sums up the others, with --top", () => {
    const { out } = cli(project, ["explain", "--task", "colour", "--top", "2", "topic1 about1"]);
    const [head = "", , , table = ""] = out.trim().split(/\n\n/);
    expect(head).toMatch(/^colour: green \(\d\.\d{3}\), against (red|blue)$/);
    const lines = table.trim().split("\n");
    expect(lines.length).toBe(1 + 2 + 3);
    expect(lines[3]).toMatch(/^\d+ others/);
    const [others, bias, score] = lines.slice(3).map((line) => Number(line.trim().split(/ +/).at(-1)));
    const shown = lines.slice(1, 3).reduce((sum, line) => sum + Number(line.trim().split(/ +/).at(-1)), 0);
    expect(shown + (others ?? 0) + (bias ?? 0)).toBeCloseTo(score ?? Number.NaN, 2);
  });

  it("wants as many texts as the task reads, and words in them", () => {
    expect(cli(project, ["explain", "--task", "same", "one"])).toMatchObject({
      code: 2,
      err: expect.stringContaining('task "same" reads 2 texts, got 1'),
    });
    expect(cli(project, ["explain", "--task", "colour", "a", "b"]).err).toContain("reads 1 text, got 2");
    expect(cli(project, ["explain", "--task", "colour", " "]).err).toContain("there is nothing to explain");
  });
});

describe("every command", () => {
  const documented = JSON.parse(
    readFileSync(new URL("../../scripts/json-examples.json", import.meta.url), "utf8"),
  ) as Record<string, readonly object[]>;
  const runs: Readonly<Record<string, readonly (readonly string[])[]>> = {
    check: [[]],
    prepare: [["--no-llm"]],
    train: [[]],
    evaluate: [[]],
    predict: [
      ["topic0 about0"],
      ["--task", "colour", "--file", "colours.jsonl", "--out", "p.csv", "--force"],
    ],
    explain: [["--task", "colour", "topic0 about0"]],
    types: [[]],
    status: [[]],
    completion: [["fish"]],
  };

  it.each(Object.entries(runs))("%s prints with --json what the documentation shows", (name, all) => {
    all.forEach((args, i) => {
      const result = cli(project, [name, "--json", ...args]);
      expect(result.code, result.err).toBe(0);
      expect(result.out.split("\n").length).toBe(2);
      const found = jsonOf<object>(result);
      expect(Object.keys(found).slice(0, 2)).toEqual(["ok", "command"]);
      expect(found).toMatchObject({ ok: true, command: name });
      // What is not set, such as the reason of an answer, may be left out of either.
      expect(Object.keys(found)).toEqual(Object.keys(documented[name]?.[i] ?? {}));
    });
  });

  it("is documented with a run, and each run is tried", () => {
    const names = commandOutlines().map(({ name }) => name);
    expect(Object.keys(documented).sort()).toEqual([...names].sort());
    // The tests of these look at what they print: an LLM is asked, files are written, two packs compared.
    expect(names.filter((name) => runs[name] === undefined)).toEqual(["init", "label", "report", "diff"]);
  });
});

describe("status, types and evaluate", () => {
  it("status shows versions, damage, rows and deficits", () => {
    const found = jsonOf<{
      datasets: { version: string; current: boolean; problem: null }[];
      packs: { dataset: string; version: string }[];
      tasks: unknown[];
    }>(cli(project, ["status", "--json"]));
    const current = found.datasets.find((version) => version.current);
    expect(found.packs).toEqual([
      { version: found.packs[0]?.version, current: true, problem: null, dataset: current?.version },
    ]);
    expect(found.tasks.length).toBe(3);
    const { out } = cli(project, ["status"]);
    expect(out).toContain(`  ${current?.version} (current)\n`);
    const file = join(project, "trained_models", found.packs[0]?.version ?? "", "pair_label_map.json");
    const bytes = readFileSync(file);
    writeFileSync(file, "{}");
    expect(cli(project, ["status"]).out).toContain("DAMAGED: pair_label_map.json: has 2 bytes");
    writeFileSync(file, bytes);
  });

  it("predict names the folder of a damaged pack, and a way out", () => {
    const { packs } = jsonOf<{ packs: { version: string }[] }>(cli(project, ["status", "--json"]));
    const pack = join(temporaryFolder(), "pack");
    cpSync(join(project, "trained_models", packs[0]?.version ?? ""), pack, { recursive: true });
    writeFileSync(join(pack, "router_model.safetensors"), "cut");
    const { code, err } = cli(project, ["predict", "--pack", pack, "a text"]);
    expect(code).toBe(1);
    expect(err).toMatch(/router_model\.safetensors: .*got 3/);
    expect(err).toMatch(/ {2}--> .*\/pack\n/);
    expect(err).toContain("hint: `modelpack train` replaces a damaged version of its own");
  });

  it.each([
    ["prepared_data/modelpack/current.json", "prepare"],
    ["trained_models/latest.json", "train"],
  ])("status says that %s is broken", (path, stage) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const file = join(project, path);
    const bytes = readFileSync(file);
    writeFileSync(file, '{"version": "../../etc"}');
    expect(cli(project, ["status"]).out).toContain(
      `\n  DAMAGED: ${name} names no version; run \`modelpack ${stage}\`\n`,
    );
    writeFileSync(file, '{"version": "aaaaaaaaaaaa"}');
    expect(cli(project, ["status"]).out).toContain(
      `DAMAGED: ${name} names aaaaaaaaaaaa, which is not there;`,
    );
    writeFileSync(file, bytes);
    expect(cli(project, ["status"]).out).not.toContain("DAMAGED");
  });

  it("status says how to start where there is nothing", () => {
    const { code, out } = cli(writeProject(temporaryFolder()), ["status"]);
    expect([code, out]).toEqual([
      0,
      "datasets:\n  none; run `modelpack prepare`\npacks:\n  none; run `modelpack train`\n",
    ]);
  });

  it("types writes a file, and the same to standard output", () => {
    const { code, out } = cli(project, ["types", "--out", "tasks.ts"]);
    expect([code, out]).toEqual([0, "wrote tasks.ts\n"]);
    const source = readFileSync(join(project, "tasks.ts"), "utf8");
    expect(source).toContain('  readonly colour: "red" | "green" | "blue";\n');
    expect(source).toContain('export const defaults = {\n  colour: "red",\n}');
    expect(cli(project, ["types"]).out).toBe(source);
    expect(cli(project, ["types", "--out", "new/folder/tasks.ts"]).code).toBe(0);
    expect(readFileSync(join(project, "new", "folder", "tasks.ts"), "utf8")).toBe(source);
    expect(cli(project, ["types", "--out", "new"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("error: new is no regular file\n"),
    });
    expect(cli(project, ["types", "--out", ""])).toMatchObject({
      code: 2,
      err: expect.stringContaining("error: --out takes the name of a file\n"),
    });
  });

  it.skipIf(process.platform === "win32")(
    "types never puts a file in the place of a pipe or a device",
    () => {
      const pipe = join(project, "pipe.ts");
      execFileSync("mkfifo", [pipe]);
      expect(cli(project, ["types", "--out", "pipe.ts"])).toMatchObject({
        code: 1,
        err: expect.stringContaining("error: pipe.ts is no regular file\n"),
      });
      expect(statSync(pipe).isFIFO()).toBe(true);
    },
  );

  it("evaluate prints the figures that train wrote", () => {
    const { code, out } = cli(project, ["evaluate"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^router {2}colour +12 /m);
    expect(cli(project, ["evaluate", "--split", "train"]).out).toContain(
      "mind: train rows helped to make this pack",
    );
  });
});

describe("report", () => {
  const version = () =>
    jsonOf<{ packs: { version: string }[] }>(cli(project, ["status", "--json"])).packs[0]?.version ?? "";

  it("says where the newest report is, with its headline, and writes it once with the version", () => {
    const { code, out, err } = cli(project, ["report"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^router {2}colour +12 +\d\.\d{4} +\d\.\d{4} +\d\.\d{4} +\d\.\d{4}$/m);
    expect(out).toContain(
      `report: trained_models/${version()}/report/report.html\nnext: modelpack report --open\n`,
    );
    const found = jsonOf<{ report: string; opened: boolean; families: unknown[] }>(
      cli(project, ["report", "--json"]),
    );
    expect([found.opened, found.families.length]).toEqual([false, 2]);
    expect(readFileSync(found.report, "utf8")).toContain(`<title>Report of pack ${version()}</title>`);
  });

  it("takes a version's folder, and tells what lacks", () => {
    const folder = join(project, "trained_models", version());
    expect(jsonOf<{ version: string }>(cli(project, ["report", "--json", "--pack", folder])).version).toBe(
      version(),
    );
    const none = cli(project, ["report", "--pack", temporaryFolder()]);
    expect(none.code).toBe(1);
    expect(none.err).toMatch(/there is no trained pack[\s\S]*modelpack train/);
    const dataset = join(project, "prepared_data", "modelpack");
    const prepared =
      jsonOf<{ datasets: { version: string }[] }>(cli(project, ["status", "--json"])).datasets[0]?.version ??
      "";
    expect(cli(project, ["report", "--pack", join(dataset, prepared)]).err).toContain(
      "this is a dataset, and no pack",
    );
  });

  it("hands the file to the system's opener, and tells where there is none", () => {
    const bin = temporaryFolder();
    const heard = join(bin, "heard.txt");
    const opener = (script: string) =>
      writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    opener(`printf '%s' "$1" > ${heard}`);
    const opened = cli(project, ["report", "--open", "--json"], { env: { PATH: `${bin}:/bin` } });
    expect(opened.code, opened.err).toBe(0);
    expect(readFileSync(heard, "utf8")).toBe(jsonOf<{ report: string }>(opened).report);
    opener("exit 3");
    const failed = cli(project, ["report", "--open"], { env: { PATH: `${bin}:/bin` } });
    expect([failed.code, failed.err]).toEqual([
      1,
      "warning: xdg-open found no browser (it ended with 3): open the file by hand\n",
    ]);
    const missing = cli(project, ["report", "--open"], { env: { PATH: temporaryFolder() } });
    expect(missing.code).toBe(1);
    expect(missing.err).toContain(
      "xdg-open is not there, which opens files in the browser: open the file by hand",
    );
    expect(missing.out).toContain("report: trained_models/");
  });
});
