// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { diagnoseConfig } from "../../src/config/load.ts";
import { type Block, docPages, matchesOutput, type Page, parsePage } from "../support/docs.ts";
import {
  addQuickstart,
  makeDocsProject,
  ontoShipped,
  type Ran,
  runScript,
  runShell,
  typeErrors,
  writeDocsFile,
} from "../support/docs-project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const pages = docPages();
const folder = sharedFolder();
const skipped: string[] = [];
let ran = 0;

afterAll(() => {
  const lines = skipped.map((line) => `  ${line}\n`).join("");
  process.stdout.write(`docs: ${ran} blocks ran, ${skipped.length} can't run here:\n${lines}`);
});

/** Languages of blocks that do something; others are for people alone. */
const RUN = new Set(["sh", "ts", "js", "toml", "json", "yaml"]);

/** A page's project and what its last commands printed. */
interface Reading {
  readonly project: string;
  last: Ran | null;
}

/** Does what a reader would do with a block. */
function read(reading: Reading, page: Page, block: Block): void {
  const { use, text, language, line } = block;
  const place = `${page.name}:${line}`;
  if (use.kind === "skip") {
    skipped.push(`${place} (${language}): ${use.reason}`);
    return;
  }
  if (use.kind === "run" && !RUN.has(language)) return;
  ran++;
  if (use.kind === "file") {
    writeDocsFile(reading.project, use.name, text);
    // What another block or test runs; of data and configs the form is checked all the same.
    if (language === "sh" || language === "js") return;
  }
  if (use.kind === "output") {
    expect(
      matchesOutput(reading.last?.said ?? "", text),
      `${place}: the commands above printed\n${reading.last?.said}`,
    ).toBe(true);
  } else if (use.kind === "run" && language === "sh") {
    reading.last = runShell(reading.project, text);
    expect(reading.last.code, `${place}\n${reading.last.said}`).toBe(use.exit);
  } else if (language === "ts" || language === "js") readScript(reading, place, block);
  else if (language === "toml") expect(problemsOf(reading.project, text), place).toBe("");
  else if (language === "json") JSON.parse(text);
  else if (language === "yaml") parseYaml(text);
}

function readScript({ project }: Reading, place: string, { language, text, line }: Block): void {
  const name = `block-${line}`;
  if (language === "ts") expect(typeErrors(project, name, text), place).toEqual([]);
  const { code, said } = runScript(project, name, text);
  expect([code, code === 0 ? "" : said], place).toEqual([0, ""]);
}

/** A block is a config by itself, or goes into the shipped one. */
function problemsOf(project: string, text: string): string {
  const file = join(project, "block.toml");
  writeFileSync(file, text);
  if (/^\[\[tasks\]\]/m.test(text)) {
    const { text: alone } = diagnoseConfig(file);
    if (alone === "") return "";
  }
  writeFileSync(file, ontoShipped(text));
  return diagnoseConfig(file).text;
}

describe.each(pages.filter(({ blocks }) => blocks.length > 0))("$name", (page) => {
  const reading: Reading = { project: join(folder, page.name.replaceAll("/", "-")), last: null };

  beforeAll(() => {
    mkdirSync(reading.project);
    makeDocsProject(reading.project);
    if (!page.isQuickstart) return;
    addQuickstart(reading.project);
    const { code, said } = runShell(reading.project, "modelpack prepare && modelpack train");
    expect(code, said).toBe(0);
  });

  it.each(page.blocks.map((block) => [`line ${block.line}, ${block.language || "plain"}`, block] as const))(
    "%s",
    (_, block) => {
      read(reading, page, block);
    },
  );
});

it("takes no mark that it does not know, and no output that is another", () => {
  const page = (mark: string) => parsePage("x.md", `<!-- docs-test: ${mark} -->\n\`\`\`sh\ntrue\n\`\`\`\n`);
  expect(page("skip because I say so").blocks[0]?.use).toEqual({ kind: "skip", reason: "I say so" });
  expect(() => page("skip")).toThrow("no such mark");
  expect(() => page("pass")).toThrow("no such mark");
  expect(matchesOutput("one\ntwo  2\nthree\n", "one\n…\nthree")).toBe(true);
  expect(matchesOutput("one\ntwo  2\nthree\n", "one\nthree")).toBe(false);
  expect(matchesOutput("rows: 12", "rows: 13")).toBe(false);
});

it("reads every page", () => {
  expect(pages.length).toBeGreaterThan(10);
  expect(pages.flatMap(({ blocks }) => blocks).length).toBeGreaterThan(20);
});
