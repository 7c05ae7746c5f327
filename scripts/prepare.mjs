// SPDX-License-Identifier: Apache-2.0
// npm knows two things by the name "prepare": the command that a person types, `npm run prepare`, and the
// script that npm itself runs at the end of `npm install`, `npm ci`, `npm pack` and on a git dependency.
// The first is the pipeline's stage. The second builds dist/, says nothing, and never starts the pipeline.
import { run } from "./cli.mjs";

const typed = process.env.npm_command === "run-script" || process.env.npm_command === "run";

if (typed) {
  await run(["prepare", ...process.argv.slice(2)]);
} else {
  try {
    const { build } = await import("./build.mjs");
    const problems = build();
    if (problems !== null) {
      console.error(problems);
      process.exitCode = 1;
    }
  } catch (error) {
    // `npm ci --omit=dev` has no compiler: there is nothing to build with, and nothing to fail for.
    if (error.code !== "MODULE_NOT_FOUND") throw error;
  }
}
