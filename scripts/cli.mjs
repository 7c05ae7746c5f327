// SPDX-License-Identifier: Apache-2.0
// Starts the built command line from a checkout, building it first where it is missing or out of date.

/** Runs `modelpack` with these arguments in this process. */
export async function run(args) {
  const { build } = await import("./build.mjs");
  const problems = build();
  if (problems !== null) {
    console.error(problems);
    process.exitCode = 1;
    return;
  }
  const { main } = await import("../dist/cli/main.js");
  process.exitCode = await main(args);
}
