// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commandOutlines } from "../../src/cli/program.ts";
import { cli, jsonOf } from "../support/cli.ts";
import { writeProject } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const COMMANDS = commandOutlines();
const empty = sharedFolder();
const project = writeProject(sharedFolder());

interface Failure {
  readonly ok: boolean;
  readonly command: string | null;
  readonly error: { code: string; message: string; where: string | null; hint: string | null };
}

describe("help", () => {
  it.each(COMMANDS)(
    "of $name names its options under their headings and shows examples",
    ({ name, options, examples }) => {
      const { code, out, err } = cli(empty, [name, "--help"]);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toContain(`Usage: modelpack ${name}`);
      for (const { flag, group } of options) expect(out.split(`\n${group}\n`)[1]).toContain(`  ${flag} `);
      expect(out.split("Examples:\n")[1]).toBe(examples.map((line) => `  ${line}\n`).join(""));
      expect(examples.every((line) => line.includes(`modelpack ${name}`))).toBe(true);
      const help = out.split("\nExamples:")[0] ?? "";
      expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

  it("of init, which writes the config, has no flag that overrides a key of it", () => {
    const { code, out } = cli(empty, ["init", "--help"]);
    expect(code).toBe(0);
    expect(out).toContain("--config <file>");
    expect(out).toContain("modelpack init rows.csv");
    expect(out).not.toContain("--set");
  });

  it("of the program lists every command, and none that is for scripts", () => {
    const { code, out } = cli(empty, ["--help"]);
    expect(code).toBe(0);
    for (const { name } of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
    expect(out).not.toMatch(/^ {2}complete /m);
    expect(out).toContain("Examples:\n  modelpack check\n");
  });

  it("is what docs/cli.md says", () => {
    const root = fileURLToPath(new URL("../../", import.meta.url));
    execFileSync(process.execPath, [join(root, "scripts/cli-reference.mjs"), "--check"], { stdio: "pipe" });
  });

  it("says the version of package.json", () => {
    expect(cli(empty, ["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("a wrong command line", () => {
  it.each<[string[], string]>([
    [[], "Usage: modelpack"],
    [["bogus"], "error: unknown command 'bogus'"],
    [["train", "--bogus"], "error: unknown option '--bogus'"],
    [["train", "--set"], "argument missing"],
    [["train", "--set", "x"], '--set takes section.key=value, got "x"'],
    [
      ["train", "--seed", "abc"],
      'prepare.seed must be a whole number from 0 to 4294967295, got "abc"\n  --> --seed\n',
    ],
    [["train", "--seed", ""], 'train.seed must be a whole number from 0 to 4294967295, got ""'],
    [["train", "--seed", "1.5"], "got 1.5"],
    [["train", "--workers", "-1"], "got -1\n  --> --workers\n"],
    [["train", "--families", ""], "train.families"],
    [
      ["train", "--families", "nosuch"],
      'train.families names "nosuch", a family without tasks\n  --> --families\n',
    ],
    [["train", "--max-iter", "0"], "must be a whole number from 1 to 100000, got 0\n  --> --max-iter\n"],
    [["train", "--set", "train.max_iter=0"], "got 0\n  --> --set train.max_iter\n"],
    [["prepare", "--sample", "0"], '--sample takes a whole number over 0, got "0"'],
    [["prepare", "--sample", ""], '--sample takes a whole number over 0, got ""'],
    [["prepare", "--sample", "many"], '--sample takes a whole number over 0, got "many"'],
    [["evaluate", "--split", "valid"], '--split takes train, test or eval, got "valid"'],
  ])("%j: exit code 2, the reason on standard error", (args, reason) => {
    const { code, out, err } = cli(project, args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(reason);
  });

  it.each<[string[], string, string]>([
    [["--json"], "USAGE", "unknown option '--json'"],
    [["train", "--bogus", "--json"], "USAGE", "unknown option '--bogus'"],
    [["prepare", "--json", "--sample", "0"], "USAGE", '--sample takes a whole number over 0, got "0"'],
    [["train", "--json"], "DATASET_MISSING", "there is no prepared dataset"],
    [["predict", "--json", "text"], "MODEL_MISSING", ""],
    [["bogus", "--json"], "USAGE", "unknown command 'bogus'"],
  ])("%j: one object on standard output, and the words on standard error", (args, code, message) => {
    const result = cli(project, args);
    const { ok, command, error } = jsonOf<Failure>(result);
    expect(result.code).toBe(code === "USAGE" ? 2 : 1);
    expect(command).toBe(COMMANDS.find(({ name }) => args.includes(name))?.name ?? null);
    expect(result.err).toContain(error.message.split("\n")[0]);
    expect(Object.keys(error)).toEqual(["code", "message", "where", "hint"]);
    expect([ok, error.code]).toEqual([false, code]);
    expect(error.message).toContain(message);
    expect(error.hint).not.toBeNull();
  });

  it("takes --json after -- for a text", () => {
    expect(cli(project, ["predict", "--", "--json"]).out).toBe("");
  });
});

describe("with --json", () => {
  it.each(COMMANDS)("$name answers a wrong option with the one shape", ({ name }) => {
    const result = cli(project, [name, "--json", "--no-such-option"]);
    expect(result.out.endsWith("}\n")).toBe(true);
    expect(Object.keys(jsonOf<Failure>(result))).toEqual(["ok", "command", "error"]);
    expect(jsonOf<Failure>(result)).toEqual({
      ok: false,
      command: name,
      error: {
        code: "USAGE",
        message: "unknown option '--no-such-option'",
        where: null,
        hint: "modelpack --help lists the commands and their options",
      },
    });
  });
});

describe("without a config", () => {
  it.each(["check", "prepare", "train", "evaluate", "types", "status"])("%s says how to start", (name) => {
    const { code, out, err } = cli(empty, [name]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toBe(
      "error: no config file there\n  --> model_pipeline.toml\n   = hint: run this where your model_pipeline.toml is, or name it with --config; `modelpack init rows.csv` writes one for rows of yours\n",
    );
  });

  it("predict looks for trained_models, and says what to do without", () => {
    const { code, err } = cli(empty, ["predict", "text"]);
    expect(code).toBe(1);
    expect(err).toContain("= hint: run `modelpack train` first, or name a folder of packs with --pack");
  });
});

describe("check", () => {
  it("finds every problem at once: exit code 2", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "model_pipeline.toml"), "[train]\nmax_itre = 3\nngram_max = 99\n");
    const { code, err } = cli(folder, ["check"]);
    expect(code).toBe(2);
    for (const part of ["model_pipeline.toml:2:1", "max_iter", "model_pipeline.toml:3:13", "^"])
      expect(err).toContain(part);
  });

  it("prints where values come from", () => {
    const { code, out } = cli(project, ["check", "--print", "--set", "train.max_iter=9"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^max_iter = 9 {2}# flag$/m);
  });

  it("gives flags priority over --set over the file", () => {
    const origins = (args: readonly string[]) =>
      jsonOf<{ origins: Record<string, string> }>(cli(project, ["check", "--json", ...args])).origins[
        "train.max_iter"
      ];
    expect(origins([])).toBe("toml");
    expect(origins(["--max-iter", "9"])).toBe("flag");
  });
});
