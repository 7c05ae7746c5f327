// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { npm } from "../support/npm.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { itShared, sharedData } from "../support/shared.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

// A person's path: the packed tarball in an empty folder, a CSV of 500 rows of real texts as a spreadsheet has it,
// and no file edited by hand.

const MINUTES = 2;
const folder = sharedFolder();
const project = join(folder, "project");

beforeAll(() => {
  const { stdout, stderr, status } = npm(CHECKOUT, ["pack", "--json", "--pack-destination", folder]);
  expect(status, stderr).toBe(0);
  const [packed] = JSON.parse(stdout) as [{ filename: string }];
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"name": "app", "private": true}');
  const installed = npm(project, ["install", "--omit=dev", join(folder, packed.filename)]);
  expect(installed.status, installed.stderr).toBe(0);
});

/** 500 rows of eight intents, beside the columns that a ticket system exports. */
function tickets(): string {
  const rows = sharedData("banking77");
  const labels = [...new Set(rows.map(({ label }) => label))].sort().slice(0, 8);
  const byLabel = labels.map((label) => rows.filter((row) => row.label === label));
  const longest = Math.max(...byLabel.map(({ length }) => length));
  // One of each label in turn: the dataset is sorted by label.
  const mixed = Array.from({ length: longest }, (_, i) => byLabel.flatMap((own) => own[i] ?? [])).flat();
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = mixed
    .slice(0, 500)
    .map(
      ({ text = "", label }, i) => `T-${i},2026-0${1 + (i % 9)}-11 09:00,${cell(text)},u${i % 90},${label}`,
    );
  return `Ticket ID,Created At,Customer Message,user_id,Queue\n${lines.join("\n")}\n`;
}

describe("own rows", () => {
  itShared("init, check, prepare, train and predict take less than two minutes", () => {
    writeFileSync(join(project, "tickets.csv"), tickets());
    const started = performance.now();
    const run = (...args: string[]) => {
      const { status, stdout, stderr } = npm(project, ["modelpack", ...args], "npx");
      expect(status, stderr).toBe(0);
      return stdout;
    };
    expect(run("init", "tickets.csv")).toContain("task queue, 8 labels");
    expect(run("check")).toContain("is valid");
    expect(run("prepare")).toMatch(/^dataset [0-9a-f]{12} in /m);
    const measured = /^queue +queue +(\d+) +([\d.]+) /m.exec(run("train"));
    const answer = JSON.parse(run("predict", "--json", "how do I activate my card")) as {
      results: { predictions: { label: string }[] }[];
    };
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`own rows: ${seconds.toFixed(1)} s from init to the answer\n`);
    expect(Number(measured?.[1])).toBeGreaterThan(50);
    expect(Number(measured?.[2])).toBeGreaterThan(0.9);
    expect(JSON.stringify(answer)).toContain('"activate_my_card"');
    expect(seconds).toBeLessThan(MINUTES * 60);
  });

  it("says how to begin where there is no config", () => {
    const { status, stderr } = npm(project, ["modelpack", "check", "-c", "none.toml"], "npx");
    expect([status, stderr]).toEqual([2, expect.stringContaining("modelpack init rows.csv")]);
  });
});
