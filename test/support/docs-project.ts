// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import ts from "typescript";
import { MAIN } from "./cli.ts";
import { CHECKOUT } from "./pipeline-run.ts";

/** What a block printed, standard output and errors together, and its exit code. */
export interface Ran {
  readonly code: number | null;
  readonly said: string;
}

/** Names that examples in TypeScript may use without declaring them. */
const GLOBALS = "declare const text: string; declare const texts: readonly string[];\n";
const VALUES =
  'globalThis.text = "how do I top up my card?"; globalThis.texts = [globalThis.text, "any news?"];\n';

/**
 * A project in an empty folder, as a reader has it after `npm install modelpack`: the built package in node_modules, its
 * command on the PATH, and git.
 */
export function makeDocsProject(folder: string): string {
  const bin = join(folder, "node_modules", ".bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(CHECKOUT, join(folder, "node_modules", "modelpack"));
  const node = `exec "${process.execPath}" "${MAIN}"`;
  writeFileSync(join(bin, "modelpack"), `#!/bin/sh\n${node} "$@"\n`);
  // npx finds the command where npm has installed it, and says that it is npx.
  writeFileSync(
    join(bin, "npx"),
    `#!/bin/sh\n[ "$1" = modelpack ] || exit 127\nshift\nexport npm_lifecycle_event=npx\n${node} "$@"\n`,
  );
  for (const name of ["modelpack", "npx"]) chmodSync(join(bin, name), 0o755);
  writeFileSync(join(folder, "package.json"), '{ "name": "app", "private": true, "type": "module" }\n');
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
  return folder;
}

/** Runs commands in a project; the first that fails ends them. */
export function runShell(folder: string, script: string, env: Readonly<Record<string, string>> = {}): Ran {
  const bin = join(folder, "node_modules", ".bin");
  const PATH = `${bin}${delimiter}${process.env.PATH}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-e", "-o", "pipefail", "-c", script], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "", npm_lifecycle_event: "", HOME: folder, PATH, ...env },
  });
  return { code: status, said: `${stdout}${stderr}` };
}

/** What TypeScript says of an example in a project, a line each. */
export function typeErrors(folder: string, name: string, code: string): readonly string[] {
  const file = join(folder, `${name}.ts`);
  const globals = join(folder, "globals.d.ts");
  writeFileSync(file, code);
  writeFileSync(globals, GLOBALS);
  const program = ts.createProgram([file, globals], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    types: [],
    skipLibCheck: true,
    strict: true,
    noEmit: true,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** Runs an example in JavaScript or TypeScript in a project. */
export function runScript(folder: string, name: string, code: string): Ran {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  writeFileSync(join(folder, `${name}.mjs`), outputText);
  writeFileSync(join(folder, "globals.mjs"), VALUES);
  const args = ["--import", "./globals.mjs", `${name}.mjs`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  return { code: status, said: `${stdout}${stderr}` };
}

export function writeDocsFile(folder: string, name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** Puts the quickstart into a project: its config at the top, its rows beside it. */
export function addQuickstart(folder: string): void {
  const starter = join("datasets", "starter");
  cpSync(join(CHECKOUT, starter), join(folder, starter), { recursive: true });
  const toml = readFileSync(join(CHECKOUT, "examples", "quickstart.toml"), "utf8");
  const own = toml
    .replaceAll('"../datasets/', '"datasets/')
    .replaceAll("prepared_data/quickstart", "prepared_data/modelpack")
    .replaceAll("trained_models/quickstart", "trained_models")
    .replaceAll('"../', '"');
  writeFileSync(join(folder, "model_pipeline.toml"), own);
}

/** The shipped config with the sections, tasks and datasets of a page's block in the place of its own. */
export function ontoShipped(block: string): string {
  const shipped = readFileSync(join(CHECKOUT, "model_pipeline.toml"), "utf8");
  const parts = shipped.split(/^(?=\[(?!\[datasets\.map\]))/m);
  const heads = new Set([...block.matchAll(/^\[[a-z_."]+\]/gm)].map(([head]) => head));
  const names = new Set([...block.matchAll(/^name = ("[^"]*")/gm)].map(([, name]) => name));
  const kept = parts.filter((part) => {
    const head = /^\[[a-z_."]+\]/.exec(part)?.[0];
    const name = /^\[\[\w+\]\]\s*\nname = ("[^"]*")/.exec(part)?.[1];
    return !(head !== undefined && heads.has(head)) && !(name !== undefined && names.has(name));
  });
  return `${kept.join("")}\n${block}`;
}
