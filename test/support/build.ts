// SPDX-License-Identifier: Apache-2.0
import { build } from "../../scripts/build.mjs";

/** Builds dist/ once before the tests: commands, workers and child processes run the compiled package. */
export default function setup(): void {
  const problems = build();
  if (problems !== null) throw new Error(`the build failed:\n${problems}`);
}
