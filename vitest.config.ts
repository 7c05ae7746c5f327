import { defineConfig } from "vitest/config";

const report = process.env.MODELPACK_TEST_REPORT;

// Whole commands for minutes: they have a config and scripts of their own.
const COMMANDS = "test/{cli,faults,package,docs,node,speed,browser}/**";
// These replace modules and globals that others use too, or compare times of loops.
const APART = [
  "test/backfill/{llm-address,text-checks}.test.ts",
  "test/config/template.test.ts",
  "test/core/text.test.ts",
  "test/data/hub-token.test.ts",
  "test/model/{analyzer,hash-comparison,model-memory,pair-analyzer}.test.ts",
  "test/runtime/load.test.ts",
  "test/storage/{allocation,close,journal-failure}.test.ts",
];

export default defineConfig({
  test: {
    // Both cores of the smallest machine that CI has; left alone, one would idle.
    maxWorkers: 2,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    // A few tests race child processes; a busy CI machine gets two more tries, a developer sees the first.
    retry: process.env.CI === "true" ? 2 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ["test/support/build.ts", "test/support/scratch.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: [COMMANDS, ...APART],
          // The files of a worker share the modules: a process and an import of all for each took a quarter of the time.
          isolate: false,
        },
      },
      { extends: true, test: { name: "apart", include: APART } },
    ],
  },
});
