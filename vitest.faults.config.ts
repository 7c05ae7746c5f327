import { defineConfig } from "vitest/config";

const report = process.env.MODELPACK_TEST_REPORT;

// The tests that run whole commands for minutes: npm run test:faults, test:package and test:node.
export default defineConfig({
  test: {
    include: ["test/{faults,package,node}/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
