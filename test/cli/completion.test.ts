// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { complete, type KnownNames, readLine } from "../../src/cli/completion.ts";
import { commandOutlines } from "../../src/cli/program.ts";
import { cli, jsonOf, MAIN } from "../support/cli.ts";
import { taskToml, writeProject } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const commands = commandOutlines();
const names: KnownNames = {
  tasks: () => ["colour", "size"],
  families: () => ["router", "pair"],
  labels: (task) => (task === "colour" ? ["red", "green"] : task === undefined ? ["only"] : []),
};

/** What could stand for the last of the words. */
function candidates(...words: readonly string[]): string[] {
  const { kind, values } = complete(readLine(words, commands), commands, names);
  return kind === "values" ? values.map(({ value }) => value) : [kind];
}

describe("completion", () => {
  it.each<[string[], string[]]>([
    [["pre"], ["prepare", "predict"]],
    [["--ver"], ["--version"]],
    [
      ["predict", "--task", ""],
      ["colour", "size"],
    ],
    [["predict", "--task", "s"], ["size"]],
    [["predict", "--task=s"], ["--task=size"]],
    [["predict", "--task", "=", "s"], ["size"]],
    [
      ["predict", "--task", "=", ""],
      ["colour", "size"],
    ],
    [["predict", "--file", "a.csv", "--fil"], ["--file"]],
    [["predict", "--task", "size", "--ta"], []],
    [
      ["predict", "--text"],
      ["--text", "--text-a", "--text-b"],
    ],
    [["predict", "--file", ""], ["files"]],
    [["predict", "-c", ""], ["files"]],
    [["predict", "--pack", "x"], ["folders"]],
    [["predict", "--top", ""], []],
    [["predict", "--", "--ta"], []],
    [["label", ""], ["files"]],
    [
      ["explain", "--task", "colour", "--against", ""],
      ["red", "green"],
    ],
    [["explain", "--against", ""], ["only"]],
    [["train", "--families", "router,"], ["router,pair"]],
    [
      ["evaluate", "--split", "t"],
      ["train", "test"],
    ],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["bogus", ""], commands.map(({ name }) => name)],
  ])("of %j is %j", (words, expected) => {
    expect(candidates(...words)).toEqual(expected);
  });

  it("knows every option of every command", () => {
    for (const { name, options } of commands) {
      const found = candidates(name, "--");
      for (const { flag } of options) expect(found).toContain(/--[a-z-]+/.exec(flag)?.[0]);
    }
  });
});

const HOSTILE = "$(touch owned)`touch owned` ; x";
const project = writeProject(
  sharedFolder(),
  taskToml("colour", "router", ["red", HOSTILE]) + taskToml("size", "other", ["small", "large"]),
);
mkdirSync(join(project, "bin"));
writeFileSync(join(project, "data one.csv"), "text\nx\n");
symlinkSync(MAIN, join(project, "bin", "modelpack"));
const PATH = `${join(project, "bin")}${delimiter}${process.env.PATH}`;

/** Runs a script in a shell in the project's folder. */
function shell(name: string, script: string): string {
  const { stdout, stderr, status } = spawnSync(name, ["-c", script], {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

const has = (name: string) => spawnSync(name, ["--version"]).status === 0;

/** What bash would offer for words typed behind `modelpack`. */
function bash(...words: readonly string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  return shell(
    "bash",
    `eval "$(modelpack completion bash)"; COMP_WORDS=(modelpack ${quoted}); COMP_CWORD=${words.length}; _modelpack 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
  )
    .split("\n")
    .filter((line) => line !== "");
}

describe("in real shells", () => {
  it("bash completes commands, options, tasks of the config, families and files", () => {
    expect(bash("tr")).toEqual(["train"]);
    expect(bash("predict", "--ta")).toEqual(["--task"]);
    expect(bash("predict", "--task", "")).toEqual(["colour", "size"]);
    expect(bash("train", "--families", "o")).toEqual(["other"]);
    expect(bash("predict", "--file", "dat")).toEqual(["data one.csv"]);
  });

  it("bash quotes labels, and runs none of them", () => {
    const [red, hostile, ...more] = bash("explain", "--task", "colour", "--against", "");
    expect([red, more]).toEqual(["red", []]);
    expect(shell("bash", `printf '%s' ${hostile}`)).toBe(HOSTILE);
    expect(shell("bash", "ls")).not.toContain("owned");
  });

  it.skipIf(!has("zsh"))("zsh takes the script", () => {
    expect(shell("zsh", 'compdef() { :; }; eval "$(modelpack completion zsh)"; whence -w _modelpack')).toBe(
      "_modelpack: function\n",
    );
  });

  it.skipIf(!has("fish"))("fish completes tasks", () => {
    const script = 'modelpack completion fish | source; complete -C "modelpack predict --task "';
    expect(shell("fish", script).trim().split("\n").sort()).toEqual(["colour", "size"]);
  });

  it("refuses a shell that it does not know, and gives the script as JSON", () => {
    expect(cli(project, ["completion", "tcsh"])).toMatchObject({
      code: 2,
      err: 'error: there is no completion for "tcsh"\n   = hint: the shells are bash, zsh, fish\n',
    });
    const { shell: name, script } = jsonOf<{ shell: string; script: string }>(
      cli(project, ["completion", "bash", "--json"]),
    );
    expect([name, script.includes("complete -F _modelpack modelpack")]).toEqual(["bash", true]);
  });

  it("knows the labels of a config's only task, and none where it has several", () => {
    const single = writeProject(temporaryFolder(), taskToml("colour", "router", ["red", "green"]));
    const labels = (folder: string) => cli(folder, ["complete", "--", "explain", "--against", ""]).out;
    expect([labels(single), labels(project)]).toEqual(["values\nred\t\ngreen\t\n", "values\n"]);
  });

  it("says nothing wrong where the config is broken", () => {
    const { code, out, err } = cli(project, ["complete", "--", "predict", "-c", "gone.toml", "--task", ""]);
    expect([code, out, err]).toEqual([0, "values\n", ""]);
  });
});
