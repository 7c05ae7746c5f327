// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPointer, verifyVersion } from "../../src/storage/commit.ts";

/** The checkout under test. */
export const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
/** The compiled command. */
export const COMMAND = join(CHECKOUT, "dist", "cli", "main.js");

/** A stage as its command, the folder of its versions, and its pointer. */
export interface Stage {
  readonly command: "prepare" | "train";
  readonly folder: string;
  readonly pointer: string;
}

export const PREPARE: Stage = {
  command: "prepare",
  folder: "prepared_data/modelpack",
  pointer: "current.json",
};
export const TRAIN: Stage = { command: "train", folder: "trained_models", pointer: "latest.json" };
export const STAGES: readonly Stage[] = [PREPARE, TRAIN];

const TINY_TASKS = ["pii_presence", "conflict_detection"];

/** Two tasks of the starter rows, one of pairs: a stage of them takes about as long as starting Node. */
export function tinyConfig(): string {
  const labels = { pii_presence: ["pii", "no_pii"], conflict_detection: ["conflict", "no_conflict"] };
  const parts = Object.entries(labels).map(([task, names]) => {
    const pair = task === "conflict_detection";
    const columns = pair ? 'text_a = "text_a"\ntext_b = "text_b"' : 'text = "text"';
    return `[[tasks]]
name = "${task}"
family = "${pair ? "pair" : "extractor"}"
input = "${pair ? "pair" : "text"}"
labels = ${JSON.stringify(names)}
[[datasets]]
name = "${task}"
kind = "local"
path = "datasets/starter/${task}.jsonl"
[[datasets.map]]
role = "train"
task = "${task}"
${columns}
label_column = "label"
`;
  });
  return ["[train]\nmax_iter = 3\nalpha = 0.0001\nworkers = 2\n", ...parts].join("\n");
}

/** The quickstart's TOML, for a workspace: its folders and rows stand beside it. */
export function starterConfig(): string {
  const toml = readFileSync(join(CHECKOUT, "examples", "quickstart.toml"), "utf8");
  return toml.replace(/^(?:prepared|trained_models)_dir = .*\n/gm, "").replaceAll('"../', '"');
}

/** A workspace: the TOML, the starter rows, and a folder of its own for temporary files. */
export function makeWorkspace(folder: string, config: string): string {
  mkdirSync(join(folder, "tmp"), { recursive: true });
  mkdirSync(join(folder, "datasets", "starter"), { recursive: true });
  const only = config === tinyConfig() ? TINY_TASKS.map((task) => `${task}.jsonl`) : undefined;
  const starter = join(CHECKOUT, "datasets", "starter");
  for (const name of readdirSync(starter).filter((file) => only?.includes(file) ?? true))
    cpSync(join(starter, name), join(folder, "datasets", "starter", name));
  writeFileSync(join(folder, "model_pipeline.toml"), config);
  return folder;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** A command that runs the command: `["strace", …]`, `["sh", "-c", …]`. */
  readonly prefix?: readonly string[];
  /** The prefix names Node itself. */
  readonly bare?: boolean;
  /** Options of Node itself. */
  readonly node?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  /** Lets `prepare` ask an LLM for the rows that lack; most tests have none, and say `--no-llm`. */
  readonly llm?: boolean;
}

/** The environment of a run: this one's, with the temporary files in the workspace. */
function environment(workspace: string, more: RunOptions["env"] = {}): Record<string, string> {
  const all = { ...process.env, NODE_OPTIONS: undefined, TMPDIR: join(workspace, "tmp"), ...more };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
}

/** Starts `modelpack <args>` in a workspace. */
export function start(
  workspace: string,
  args: readonly string[],
  options: RunOptions = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const node = [...(options.bare === true ? [] : [process.execPath]), ...(options.node ?? [])];
  const flags = args[0] === "prepare" && options.llm !== true ? ["--no-llm"] : [];
  const whole = [...(options.prefix ?? []), ...node, COMMAND, ...args, ...flags];
  const child = spawn(whole[0] as string, whole.slice(1), {
    cwd: options.cwd ?? workspace,
    env: environment(workspace, options.env),
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr?.on("data", (data: Buffer) => {
    stderr += data.toString();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs `modelpack <args>` to its end. */
export function modelpack(
  workspace: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  return start(workspace, args, options).ended;
}

/** The same, for a run that must succeed. */
export async function succeed(
  workspace: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const { status, signal, stderr } = await modelpack(workspace, args, options);
  if (status !== 0) throw new Error(`modelpack ${args.join(" ")}: ${status ?? signal}\n${stderr}`);
}

/** sha256 of every file of a folder but run.json, by its path in it; none where the folder is missing. */
export function digests(folder: string): Readonly<Record<string, string>> {
  if (!existsSync(folder)) return {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "run.json");
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  const digest = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), digest(path)]));
}

/** What a stage must not leave behind: locks, temporaries, and whatever is in the temporary folder. */
export function leftovers(workspace: string): readonly string[] {
  const found = STAGES.flatMap(({ folder, pointer }) => {
    const root = join(workspace, folder);
    if (!existsSync(root)) return [];
    const inside = readdirSync(root, { recursive: true }).map(String);
    const stray = inside.filter((name) => name.split("/").some((part) => part.startsWith(".")));
    const other = readdirSync(root).filter((name) => name !== pointer && !/^[0-9a-f]{12}$/.test(name));
    return [...new Set([...stray, ...other])].map((name) => join(folder, name));
  });
  return [...found, ...readdirSync(join(workspace, "tmp")).map((name) => join("tmp", name))];
}

/** The version that the pointer names, which must be whole; null where there is no pointer. */
export async function wholeVersion(workspace: string, { folder, pointer }: Stage): Promise<string | null> {
  const root = join(workspace, folder);
  const version = await readPointer(root, pointer);
  if (version === null) return null;
  const problems = await verifyVersion(join(root, version));
  if (problems.length > 0) throw new Error(`${version} is not whole: ${JSON.stringify(problems)}`);
  return version;
}

/** Follows the pointer as a reader would until `stop()`, which returns every version seen, each whole. */
export function watch(workspace: string, stage: Stage): { stop(): Promise<readonly (string | null)[]> } {
  const seen = new Set<string | null>();
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      seen.add(await wholeVersion(workspace, stage));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  loop.catch(() => undefined);
  return {
    stop: async () => {
      stopped = true;
      await loop;
      seen.add(await wholeVersion(workspace, stage));
      return [...seen];
    },
  };
}
