// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { npm } from "../support/npm.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";

it("docs/api.md is what the docstrings say, and all that is public has one", () => {
  const { status, stderr } = npm(CHECKOUT, ["scripts/api.mjs", "--check"], process.execPath);
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

it("docs/api.md has every function that applications call, what it throws, and each error code with its meaning", () => {
  const text = readFileSync(`${CHECKOUT}docs/api.md`, "utf8");
  for (const name of [
    "loadConfig",
    "prepare",
    "train",
    "evaluate",
    "loadModelpack",
    "openModelpack",
    "Modelpack",
  ])
    expect(text).toContain(`#### \`${name}\``);
  expect(text).toMatch(/\| "MODEL_CORRUPT" \/\/ a pack's bytes are damaged or hostile/);
  expect(text).toMatch(
    /#### `openModelpack`[^#]*- throws: ModelpackError with `strict` alone: MODEL_MISSING/,
  );
  expect(text).not.toMatch(/#private|private constructor|@internal|\{@link/);
});
