// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { type Diagnosis, diagnoseConfig, type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import type { Overrides } from "../../src/config/override.ts";

// One for all test files of a worker, which share this module: it goes away with the run's.
const folder = mkdtempSync(join(inject("scratch"), "config-"));

/** The least that a config needs, after any sections. */
export const TASK = `
[[tasks]]
name = "mood"
family = "router"
labels = ["good", "bad"]
`;

let files = 0;

/** A file with the given content, gone after the run. */
export function configFile(content: string | Uint8Array): string {
  files += 1;
  const file = join(folder, `${files}.toml`);
  writeFileSync(file, content);
  return file;
}

export function load(toml: string, overrides: Overrides = {}): LoadedConfig {
  return loadConfig(configFile(toml), overrides);
}

export function diagnose(toml: string, overrides: Overrides = {}): Diagnosis {
  return diagnoseConfig(configFile(toml), overrides);
}

/** Each problem on one line: `line:column message | hint`, or `origin message | hint`. */
export function problems(toml: string, overrides: Overrides = {}): string[] {
  return diagnose(toml, overrides).diagnostics.map(({ line, column, origin, message, hint }) => {
    const place = origin ?? (line === null ? "file" : `${line}:${column}`);
    return `${place} ${message} | ${hint}`;
  });
}
