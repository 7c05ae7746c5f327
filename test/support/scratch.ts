// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder for what test files share; it is removed when the run ends. */
    scratch: string;
  }
}

/** Makes the folder `scratch` of the run. */
export default function setup(project: TestProject): () => void {
  const scratch = mkdtempSync(join(tmpdir(), "modelpack-run-"));
  project.provide("scratch", scratch);
  return () => rmSync(scratch, { recursive: true, force: true });
}
