import { defineConfig } from "vitest/config";

const report = process.env.MODELPACK_TEST_REPORT;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
