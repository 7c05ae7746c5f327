// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm } from "./npm.ts";
import { makeWorkspace, tinyConfig } from "./pipeline-run.ts";
import { pack, projectWith } from "./tarballs.ts";

/** Texts that an engine's own Unicode, or its own Math, would read or answer differently. */
const TEXTS = [
  "My card number is 4111 1111 1111 1111, call me at 555-0100.",
  "Ὀδυσσεύς naïve ﬁancée Straße İSTANBUL ½ ℡ ™",
  "हिन्दी में ภาษาไทยที่นี่ 中文，简体 ｆｕｌｌ　ｗｉｄｔｈ",
  "x\u{10d50}y \u{1fae9} \ua7cb \ud800 e\u0301\u0323",
  "the quick brown fox ".repeat(40),
  "  ",
];

/**
 * A module `answers(pack)`: all that a pack answers to texts, as JSON, which writes every bit of a number. It runs as it
 * is in Node, in pages and in workers.
 */
const ANSWERS = `const TEXTS = ${JSON.stringify(TEXTS)};
export function answers(pack) {
  const { tasks, errors, version } = pack.status();
  const all = tasks.map(({ task, family, input }) =>
    TEXTS.map((text, i) => {
      const other = TEXTS[(i + 1) % TEXTS.length];
      const options = { probabilities: true };
      return input === "pair"
        ? [pack.predictPair(task, text, other, options), pack.predictFamily(family, text, other), pack.explain(task, text, other)]
        : [pack.predict(task, text, options), pack.predictFamily(family, text), pack.explain(task, text)];
    }),
  );
  return JSON.stringify({ version, errors, all });
}
`;

/** A project that has nothing but both tarballs, and a pack that the installed command trained. */
export interface FreshProject {
  readonly folder: string;
  /** Of the pack, below the project: `trained_models/<version>`. */
  readonly version: string;
  /** Runs the project's Node, or another. */
  node(args: readonly string[], binary?: string): { status: number | null; stdout: string; stderr: string };
}

/** Packs both packages, installs them in an empty project, and trains a text and a pair family there. */
export function freshProject(folder: string): FreshProject {
  const project = join(folder, "project");
  projectWith(project, [pack("modelpack", folder), pack("modelpack-runtime", folder)]);
  makeWorkspace(project, tinyConfig());
  for (const command of [["prepare", "--no-llm"], ["train"]]) {
    const { status, stderr } = npm(project, ["modelpack", ...command], "npx");
    if (status !== 0) throw new Error(stderr);
  }
  writeFileSync(join(project, "answers.mjs"), ANSWERS);
  const pointer = readFileSync(join(project, "trained_models", "latest.json"), "utf8");
  return {
    folder: project,
    version: `trained_models/${(JSON.parse(pointer) as { version: string }).version}`,
    node: (args, binary = process.execPath) => npm(project, args, binary),
  };
}

/** Code that prints the answers of a project's pack, opened by a door of one of its packages. */
export function printAnswers(kind: "import" | "require", door: string): string {
  const load = kind === "import" ? `await import("${door}")` : `require("${door}")`;
  return `(async () => {
    const { openModelpack } = ${load};
    const { answers } = await import(process.cwd() + "/answers.mjs");
    process.stdout.write(answers(await openModelpack("trained_models")));
  })();`;
}
