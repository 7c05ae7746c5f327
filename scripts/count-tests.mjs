// SPDX-License-Identifier: Apache-2.0
// Prints `N passed, N failed, N skipped` over the test runs named on the command line, each as
// `<JSON report>=<exit code>`, and fails where a test failed or none passed. A run that failed without a failed
// test (the linter, the build, a file that can't be loaded) counts as one.
import { readFileSync } from "node:fs";

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const run of process.argv.slice(2)) {
  const at = run.lastIndexOf("=");
  const report = readReport(run.slice(0, at));
  const failed = report.numFailedTests ?? 0;
  const broken = run.slice(at + 1) !== "0" || (report.numPassedTests ?? 0) === 0;
  total.passed += report.numPassedTests ?? 0;
  total.failed += failed === 0 && broken ? 1 : failed;
  total.skipped += (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
