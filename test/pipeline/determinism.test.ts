// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { MAIN } from "../support/cli.ts";
import { digestsOf, readJson, runPrepare, runTrain, writeProject } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

type Digests = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Digests of the current dataset and the latest pack of a project. */
function currentDigests(project: string): Digests {
  const of = (root: string, pointer: string) => {
    const { version } = readJson<{ version: string }>(project, root, pointer);
    return { version, ...digestsOf(join(project, root, version)) };
  };
  return {
    dataset: of(join("prepared_data", "modelpack"), "current.json"),
    pack: of("trained_models", "latest.json"),
  };
}

/** Prepares and trains in a process of its own, from another folder, under another locale, clock and umask. */
function runElsewhere(umask: string, workers: number, env: Readonly<Record<string, string>>): Digests {
  const project = writeProject(temporaryFolder());
  for (const command of ["prepare", "train"]) {
    const script = `umask ${umask} && exec "$0" "$@"`;
    const args = [
      MAIN,
      command,
      ...(command === "prepare" ? ["--no-llm"] : []),
      "--config",
      join(project, "model_pipeline.toml"),
      "--workers",
      String(workers),
    ];
    const { status, stderr } = spawnSync("sh", ["-c", script, process.execPath, ...args], {
      cwd: temporaryFolder(),
      encoding: "utf8",
      env: { PATH: process.env.PATH, ...env },
    });
    expect(status, stderr).toBe(0);
  }
  return currentDigests(project);
}

describe("the same inputs", () => {
  it("give the same bytes in any folder, under any locale, time zone and umask, with 1 and 2 threads", () => {
    const one = runElsewhere("022", 1, { TZ: "UTC", LANG: "C", HOME: "/" });
    const two = runElsewhere("077", 2, { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" });
    expect(Object.keys(one.pack ?? {}).length).toBe(22);
    expect(two).toEqual(one);
  });

  // What changes these bytes on purpose changes a version's inputs too, or the package's version. Write them anew:
  //   UPDATE_GOLDEN=1 npx vitest run test/pipeline/determinism.test.ts
  // and say in the commit what changed them.
  it("give the bytes that test/golden/digests.json has", async () => {
    const project = writeProject();
    await runPrepare(project);
    await runTrain(project);
    const found = currentDigests(project);
    const file = fileURLToPath(new URL("../golden/digests.json", import.meta.url));
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(file, "utf8")));
  });
});
