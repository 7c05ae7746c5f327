import { defineConfig } from "vitest/config";

const report = process.env.MODELPACK_TEST_REPORT;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Whole commands for minutes: they have a config and scripts of their own.
    exclude: ["test/{cli,faults,package,docs,node,speed,browser}/**"],
    // Both cores of the smallest machine that CI has; left alone, one would idle.
    maxWorkers: 2,
    globalSetup: ["test/support/build.ts"],
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    // A few tests race child processes; a busy CI machine gets two more tries, a developer sees the first.
    retry: process.env.CI === "true" ? 2 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
