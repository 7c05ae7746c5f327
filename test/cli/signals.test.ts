// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/child.ts";
import { cli, ended, MAIN, says, startCli } from "../support/cli.ts";
import { namesIn, writeProject } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

/** Settings with which training does not end by itself. */
const ENDLESS = ["max_iter=100000", "early_stopping=false", "alpha=1e-9"].flatMap((setting) => [
  "--set",
  `train.${setting}`,
]);

const project = writeProject(sharedFolder());

beforeAll(() => {
  expect(cli(project, ["prepare", "--no-llm"]).code).toBe(0);
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 143],
  ] as const)(
    "%s during train: exit code %d, nothing left, and the next run finishes",
    async (signal, code) => {
      const child = startCli(project, ["train", ...ENDLESS]);
      const end = ended(child);
      await says(child.stderr, "epoch 1");
      child.kill(signal);
      expect(await end).toBe(code);
      expect(
        namesIn(join(project, "trained_models")).filter(
          (name) => !/^([0-9a-f]{12}|latest\.json)$/.test(name),
        ),
      ).toEqual([]);
      const next = cli(project, ["train", "--set", `train.max_iter=${code - 128}`]);
      expect(next.code).toBe(0);
      expect(next.out).toMatch(/^pack [0-9a-f]{12} in trained_models\/[0-9a-f]{12}$/m);
    },
  );

  it("ends predict, which waits for lines", async () => {
    const started = performance.now();
    expect(cli(project, ["predict", "a line"]).code).toBe(0);
    const whole = performance.now() - started;
    const child = startCli(project, ["predict"]);
    const end = ended(child);
    child.stdin.write("a line\n");
    // As long as a whole run takes: by then it waits for more, however busy the machine is.
    await new Promise((resolve) => setTimeout(resolve, 1.5 * whole));
    child.kill("SIGINT");
    expect(await end).toBe(130);
  });
});

describe("an output that can't be", () => {
  it("whose reader goes away is no crash", () => {
    const { stdout, stderr } = spawnSync(
      "bash",
      [
        "-c",
        `set -o pipefail; "${process.execPath}" "${MAIN}" check --print | head -1; echo "code \${PIPESTATUS[0]}"`,
      ],
      { cwd: project, encoding: "utf8" },
    );
    expect(stdout.split("\n").at(-2)).toBe("code 0");
    expect(stderr).toBe("");
  });

  it.skipIf(!existsSync("/dev/full")).each([[["check", "--print"]], [["check", "--json"]], [["--help"]]])(
    "of %j on a full disk is a failure that is said",
    (args) => {
      const command = `"${process.execPath}" "${MAIN}" ${args.join(" ")} >/dev/full; echo "code $?"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: project, encoding: "utf8" });
      expect([stdout, stderr.split("\n")[0]]).toEqual([
        "code 1\n",
        "error: cannot write standard output: no space is left on the disk (ENOSPC)",
      ]);
      expect(stderr).not.toMatch(/^ +at /m);
    },
  );

  it.skipIf(!existsSync("/dev/full"))("of messages changes no exit code", () => {
    const command = `"${process.execPath}" "${MAIN}" bogus 2>/dev/full; echo "code $?"`;
    expect(spawnSync("bash", ["-c", command], { encoding: "utf8" }).stdout).toBe("code 2\n");
  });

  it("is a file stops prepare before it reads a row", () => {
    const folder = writeProject(temporaryFolder());
    writeFileSync(join(folder, "prepared_data"), "");
    const { code, err } = cli(folder, ["prepare", "--no-llm"]);
    expect(code).toBe(1);
    expect(err).toContain("prepared_data");
    expect(err).not.toContain("rows for");
  });

  it.skipIf(isRoot)("may not be written stops train before an epoch", () => {
    const folder = writeProject(temporaryFolder());
    expect(cli(folder, ["prepare", "--no-llm"]).code).toBe(0);
    chmodSync(folder, 0o555);
    const { code, err } = cli(folder, ["train"]);
    chmodSync(folder, 0o755);
    expect(code).toBe(1);
    expect(err).toContain("permission is denied (EACCES)");
    expect(err).not.toContain("epoch");
  });
});
