// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  digests,
  leftovers,
  makeWorkspace,
  modelpack,
  type RunOptions,
  STAGES,
  succeed,
  tinyConfig,
} from "../support/pipeline-run.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const first = join(sharedFolder(), "first");
let expected: readonly Readonly<Record<string, string>>[] = [];

beforeAll(async () => {
  const workspace = makeWorkspace(first, tinyConfig());
  expected = await bothStages(workspace, {});
});

async function bothStages(
  workspace: string,
  options: RunOptions,
): Promise<Readonly<Record<string, string>>[]> {
  const config = join(workspace, "model_pipeline.toml");
  for (const { command } of STAGES) await succeed(workspace, [command, "--config", config], options);
  return STAGES.map(({ folder }) => digests(join(workspace, folder)));
}

/** Moves the clock of the process by so many seconds, and lets it jump back and forth as it is read. */
function clock(seconds: number, jump: number): RunOptions {
  const code = `const now = Date.now, RealDate = Date; let n = 0;
    const moved = () => now() + ${seconds * 1000} + (n++ % 2) * ${jump * 1000};
    globalThis.Date = class extends RealDate { constructor(...a) { a.length ? super(...a) : super(moved()); } static now() { return moved(); } };`;
  return { node: ["--import", `data:text/javascript,${encodeURIComponent(code)}`] };
}

const YEAR = 365 * 86_400;

const surroundings: readonly [string, RunOptions][] = [
  ["a time zone of +14 hours", { env: { TZ: "Pacific/Kiritimati" } }],
  ["a time zone with half hours", { env: { TZ: "America/St_Johns" } }],
  ["a Turkish locale", { env: { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" } }],
  ["the locale C", { env: { LANG: "C", LC_ALL: "C" } }],
  [
    "no HOME, no USER, no LANG",
    { env: { HOME: undefined, USER: undefined, LOGNAME: undefined, LANG: undefined } },
  ],
  ["a HOME that is missing", { env: { HOME: "/no/such/home" } }],
  ["a tight umask", { prefix: ["sh", "-c", 'umask 077; exec "$0" "$@"'] }],
  ["a loose umask", { prefix: ["sh", "-c", 'umask 000; exec "$0" "$@"'] }],
  ["another working directory", { cwd: "/" }],
  ["a clock a year ahead", clock(YEAR, 0)],
  ["a clock a year behind", clock(-YEAR, 0)],
  ["a clock that jumps by an hour", clock(0, 3600)],
  ["four threads for files", { env: { UV_THREADPOOL_SIZE: "4" } }],
  ["a terminal that wants colours", { env: { FORCE_COLOR: "3", COLUMNS: "20" } }],
];

describe("the same bytes", () => {
  it.each(surroundings)("in %s", async (_, options) => {
    const workspace = makeWorkspace(temporaryFolder(), tinyConfig());
    expect(await bothStages(workspace, options)).toEqual(expected);
    expect(leftovers(workspace)).toEqual([]);
  });

  it("in a folder of another name, from a config of another name", async () => {
    const workspace = makeWorkspace(join(temporaryFolder(), "à 'b' [c] *"), tinyConfig());
    expect(await bothStages(workspace, {})).toEqual(expected);
  });

  it("where the working directory is removed while a run goes on", async () => {
    const workspace = makeWorkspace(temporaryFolder(), tinyConfig());
    const cwd = join(temporaryFolder(), "gone");
    mkdirSync(cwd);
    const prefix = ["sh", "-c", `cd "${cwd}" && rmdir "${cwd}" && exec "$0" "$@"`];
    const { status, stderr } = await modelpack(
      workspace,
      ["prepare", "--config", join(workspace, "model_pipeline.toml")],
      { prefix },
    );
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(status, stderr).toBe(0);
    expect(digests(join(workspace, STAGES[0]?.folder ?? ""))).toEqual(expected[0]);
  });

  it("keeps what is prepared from other users under a tight umask", async () => {
    const workspace = makeWorkspace(temporaryFolder(), tinyConfig());
    const root = join(workspace, "prepared_data");
    rmSync(root, { recursive: true, force: true });
    await succeed(workspace, ["prepare"], { prefix: ["sh", "-c", 'umask 077; exec "$0" "$@"'] });
    for (const path of [root, join(root, "modelpack"), join(root, "modelpack", "current.json")])
      expect(statSync(path).mode & 0o077, path).toBe(0);
  });
});
