// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";

function emptyFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), "modelpack-")));
}

/** An empty folder that is removed when the running test ends. */
export function temporaryFolder(): string {
  const path = emptyFolder();
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The same for all tests of a file or a `describe`; call it there, outside any test. */
export function sharedFolder(): string {
  const path = emptyFolder();
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
