import { defineConfig } from "vitest/config";

const report = process.env.MODELPACK_TEST_REPORT;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Whole commands for minutes: they have a config and scripts of their own.
    exclude: ["test/{faults,package,node}/**"],
    globalSetup: ["test/support/build.ts"],
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
