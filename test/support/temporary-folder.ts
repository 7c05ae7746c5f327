// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder that is removed when the running test ends. */
export function temporaryFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "modelpack-")));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The same for all tests of a file; called in `beforeAll`. */
export function keptFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "modelpack-")));
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}
