// SPDX-License-Identifier: Apache-2.0
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import {
  digests,
  leftovers,
  makeWorkspace,
  modelpack,
  PREPARE,
  STAGES,
  type Stage,
  start,
  starterConfig,
  succeed,
  TRAIN,
  watch,
  wholeVersion,
} from "../support/pipeline-run.ts";
import { itShared, SHARED_DATA, sharedData } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MOMENTS = 10;

/** banking77 as a family of its own, with a few passes at one strength: seconds, and still epochs to die in. */
function bankingConfig(): string {
  const labels = [...new Set(sharedData("banking77").map((row) => row.label))].sort();
  const quick = starterConfig()
    .replace(/^alpha = .*$/m, "alpha = 0.00001")
    .replace(/^max_iter = .*$/m, "max_iter = 5");
  return `${quick}
[[tasks]]
name = "banking77"
family = "bank"
input = "text"
labels = ${JSON.stringify(labels)}
[[datasets]]
name = "banking77"
kind = "local"
path = ${JSON.stringify(join(SHARED_DATA, "banking77", "train.jsonl.gz"))}
[[datasets.map]]
role = "train"
task = "banking77"
text = "text"
label_column = "label"
`;
}

/** Two versions, the older made with another seed: what a run that dies finds, and what it should leave. */
interface Scene {
  readonly before: string;
  readonly after: Readonly<Record<string, string>>;
  readonly versions: readonly [old: string | null, next: string | null];
  /** Milliseconds that the unbroken run took. */
  readonly took: number;
}

async function unbroken(config: string, stage: Stage): Promise<Scene> {
  const before = makeWorkspace(temporaryFolder(), config);
  await succeed(before, ["prepare", ...(stage === PREPARE ? ["--seed", "1"] : [])]);
  if (stage === TRAIN) await succeed(before, ["train", "--max-iter", "1"]);
  const whole = temporaryFolder();
  cpSync(before, whole, { recursive: true });
  const started = performance.now();
  await succeed(whole, [stage.command]);
  const took = performance.now() - started;
  const versions = [await wholeVersion(before, stage), await wholeVersion(whole, stage)] as const;
  expect(versions[0]).not.toBe(versions[1]);
  return { before, after: digests(join(whole, stage.folder)), versions, took };
}

async function dieAtEach(config: string, stage: Stage, moments: number): Promise<void> {
  const { before, after, versions, took: first } = await unbroken(config, stage);
  const random = seededRandom(77, `kill ${stage.command}`);
  const workspace = temporaryFolder();
  let [took, killed] = [first, 0];
  for (let tries = 0; killed < moments && tries < 3 * moments; tries++) {
    const ms = ((killed + random.below(1000) / 1000) / moments) * took;
    const at = `kill -9 of ${stage.command} after ${Math.round(ms)} of ${Math.round(took)} ms`;
    rmSync(workspace, { recursive: true });
    cpSync(before, workspace, { recursive: true });
    const reader = watch(workspace, stage);
    const { child, ended } = start(workspace, [stage.command]);
    await new Promise((resolve) => setTimeout(resolve, ms));
    child.kill("SIGKILL");
    const { signal, status } = await ended;
    if (signal === "SIGKILL") killed++;
    else {
      // The run that was timed had a busier machine: this one was done already.
      expect(status, at).toBe(0);
      took *= 0.8;
    }
    const old = versions[0] as string;
    const left = digests(join(workspace, stage.folder, old));
    expect(left, at).toEqual(digests(join(before, stage.folder, old)));
    const again = await modelpack(workspace, [stage.command]);
    expect({ ...again, stdout: "" }, at).toMatchObject({ status: 0, signal: null });
    for (const version of await reader.stop()) expect(versions, at).toContain(version);
    expect(digests(join(workspace, stage.folder)), at).toEqual(after);
    expect(leftovers(workspace), at).toEqual([]);
  }
  expect(killed).toBe(moments);
}

it.each(STAGES)("kill -9 at a few moments of $command on the starter rows", (stage) =>
  dieAtEach(starterConfig(), stage, 4),
);

for (const stage of STAGES)
  itShared(
    `kill -9 at ten moments of ${stage.command} on the starter rows and banking77`,
    () => dieAtEach(bankingConfig(), stage, MOMENTS),
    600_000,
  );
