// SPDX-License-Identifier: Apache-2.0
// Prints `N passed, N failed, N skipped` from the JSON reports of the test runs named on the command line, and
// fails where a test failed or none ran.
import { readFileSync } from "node:fs";

const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(file, "utf8") || "{}");
  total.passed += report.numPassedTests ?? 0;
  total.failed +=
    (report.numFailedTests ?? 0) + (report.numFailedTestSuites > 0 && !report.numFailedTests ? 1 : 0);
  total.skipped += (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
