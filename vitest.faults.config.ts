import { defineConfig } from "vitest/config";

const report = process.env.MODELPACK_TEST_REPORT;

// The tests that take minutes, of whole commands and of the talk with an LLM: npm run test:cli, test:faults, test:llm,
// test:package, test:docs, test:browser, test:node and test:speed.
export default defineConfig({
  test: {
    include: ["test/{cli,faults,package,docs,node,speed,browser}/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    // They race signals and kills against whole processes: on a busy machine a process may be done before.
    retry: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
