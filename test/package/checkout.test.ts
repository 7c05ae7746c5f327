// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { npm, ours } from "../support/npm.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const folder = sharedFolder();
const clone = join(folder, "modelpack");

const git = (folder: string, ...args: string[]) => npm(folder, args, "git");

/** npm shows which script it runs, where it shows the script's output at all. */
const BANNER = /^> .*$/gm;

beforeAll(() => {
  const { status, stderr } = git("/", "clone", "-q", CHECKOUT, clone);
  expect(status, stderr).toBe(0);
});

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(clone, folder), { recursive: true }).map(String).sort();
}

/** Nothing was prepared or trained. */
function expectNoPipeline(): void {
  expect(filesIn("prepared_data")).toEqual([".gitkeep"]);
  expect(filesIn("trained_models")).toEqual([".gitkeep"]);
}

// In this order, in one clone: what one does is the next one's start.
describe("a fresh clone", () => {
  it("npm ci builds, silently, whatever the config says", () => {
    writeFileSync(join(clone, "model_pipeline.toml"), "[prepare\nbroken = ");
    const result = npm(clone, ["ci"]);
    expect(result.status, result.stderr).toBe(0);
    expect(ours(result).replaceAll(BANNER, "").trim()).toBe("");
    expect(existsSync(join(clone, "dist", "cli", "main.js"))).toBe(true);
    expectNoPipeline();
    expect(git(clone, "checkout", "-q", "model_pipeline.toml").status).toBe(0);
    expect(git(clone, "status", "--porcelain").stdout).toBe("");
  });

  it.each([
    ["ci", false],
    ["install", false],
    ["pack", false],
    ["", false],
    ["run-script", true],
    ["run", true],
  ])("the script prepare, as npm %s starts it", (command, starts) => {
    rmSync(join(clone, "model_pipeline.toml"));
    const script = [
      "sh",
      "-c",
      `npm_command=${command} exec "$0" scripts/prepare.mjs`,
      process.execPath,
    ] as const;
    const { status, stdout, stderr } = npm(clone, script.slice(1), script[0]);
    expect({ status, stdout }).toEqual({ status: starts ? 2 : 0, stdout: "" });
    expect(stderr).toMatch(starts ? /model_pipeline\.toml/ : /^$/);
    expectNoPipeline();
    expect(git(clone, "checkout", "-q", "model_pipeline.toml").status).toBe(0);
  });

  it("npm run quickstart prepares, trains and predicts in under a minute, and leaves the tree clean", () => {
    const started = performance.now();
    const { status, stdout, stderr } = npm(clone, ["run", "quickstart"]);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`npm run quickstart: ${seconds.toFixed(1)} s\n`);
    expect(status, stderr).toBe(0);
    expect(seconds).toBeLessThan(60);
    const end = stdout.slice(stdout.indexOf("Predictions, each with its calibrated probability:"));
    const families = [...end.matchAll(/^ {2}family (\w+)$/gm)].map(([, family]) => family);
    expect(families.sort()).toEqual(["extractor", "pair", "router"]);
    const tasks = ["query_intent", "query_domain", "pii_presence", "fact_type", "conflict_detection"];
    for (const task of [...tasks, "constraint_rerank"])
      expect(end).toMatch(new RegExp(`^ +${task} +\\w+ +[01]\\.\\d\\d$`, "m"));
    expect(end).toContain("Where to look next:");
    expect(git(clone, "status", "--porcelain").stdout).toBe("");
  });

  it("npm run prepare and npm run train take overrides after --, and say when nothing has changed", () => {
    const config = ["--config", "examples/quickstart.toml"];
    const again = npm(clone, ["run", "prepare", "--", ...config]);
    expect(again.status, again.stderr).toBe(0);
    expect(again.stderr).toMatch(/^nothing has changed: dataset [0-9a-f]{12} is up to date$/m);
    const changed = npm(clone, [
      "run",
      "prepare",
      "--",
      ...config,
      "--no-llm",
      "--target-per-task-label",
      "500",
      "--set",
      "prepare.seed=7",
    ]);
    expect(changed.status, changed.stderr).toBe(0);
    expect(changed.stdout).toContain("rows are missing to prepare.target_per_task_label");
    const train = npm(clone, ["run", "train", "--", ...config, "--families", "pair", "--max-iter", "1"]);
    expect(train.status, train.stderr).toBe(0);
    expect(train.stderr).not.toContain("epoch 2");
    const wrong = npm(clone, ["run", "train", "--", "--max-iter", "none"]);
    expect(wrong.status).toBe(2);
    expect(git(clone, "status", "--porcelain").stdout).toBe("");
  });

  it("npm ci --omit=dev does not fail for want of a compiler", () => {
    rmSync(join(clone, "dist"), { recursive: true });
    const result = npm(clone, ["ci", "--omit=dev"]);
    expect(result.status, result.stderr).toBe(0);
    expect(ours(result).replaceAll(BANNER, "").trim()).toBe("");
    expect(existsSync(join(clone, "dist"))).toBe(false);
  });
});

describe("a git checkout as a dependency", () => {
  it("builds itself when it is installed, and says nothing", () => {
    const project = join(folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{"name": "app", "private": true, "type": "module"}');
    const result = npm(project, ["install", `git+file://${CHECKOUT}`]);
    expect(result.status, result.stderr).toBe(0);
    expect(ours(result)).toBe("");
    const help = npm(project, ["modelpack", "--help"], "npx");
    expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining("prepare") });
    const installed = readdirSync(join(project, "node_modules", "modelpack")).sort();
    const files = ["LICENSE", "README.md", "dist", "model_pipeline.schema.json", "model_pipeline.toml"];
    expect(installed).toEqual([...files, "package.json"]);
  });
});
