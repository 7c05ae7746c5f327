// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "./pipeline-run.ts";

// What a code block of a page is for is said by an HTML comment in the line above it; none means that it runs:
//
//   <!-- docs-test: skip because no server is here -->   it can't run here; counted, with the reason
//   <!-- docs-test: file rows.csv -->                    the page's project has it as that file from here on
//   <!-- docs-test: output -->                           the last sh block prints this; … stands for anything
//   <!-- docs-test: exit 1 -->                           the sh block ends with this code
//   <!-- docs-test: part of the quickstart -->           anywhere: the page's project is the quickstart, trained

/** What is done with a block. */
export type BlockUse =
  | { readonly kind: "run"; readonly exit: number }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "output" };

export interface Block {
  /** sh, ts, js, toml, json, yaml, text, or empty. */
  readonly language: string;
  readonly text: string;
  /** Line of its fence, from 1. */
  readonly line: number;
  readonly use: BlockUse;
}

export interface Page {
  /** As in `docs/ci.md`. */
  readonly name: string;
  readonly blocks: readonly Block[];
  readonly isQuickstart: boolean;
}

const MARK = /^<!-- docs-test: (.+?) -->$/;

/** The README and every page of docs/. */
export function docPages(): readonly Page[] {
  const names = readdirSync(join(CHECKOUT, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...names.sort().map((name) => `docs/${name}`)].map((name) =>
    parsePage(name, readFileSync(join(CHECKOUT, name), "utf8")),
  );
}

export function parsePage(name: string, markdown: string): Page {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  let isQuickstart = false;
  for (let i = 0; i < lines.length; i++) {
    if (MARK.exec(lines[i] ?? "")?.[1] === "part of the quickstart") isQuickstart = true;
    const [, indent = "", fence = "", language = ""] = /^( *)(`{3,})(\w*)/.exec(lines[i] ?? "") ?? [];
    if (fence === "") continue;
    const end = lines.findIndex((line, j) => j > i && line.trim() === fence);
    if (end < 0) throw new Error(`${name}:${i + 1}: the block is not closed`);
    const text = lines
      .slice(i + 1, end)
      .map((line) => `${line.startsWith(indent) ? line.slice(indent.length) : line}\n`);
    const mark = MARK.exec((lines[i - 1] ?? "").trim())?.[1];
    blocks.push({ language, text: text.join(""), line: i + 1, use: useOf(mark, `${name}:${i}`) });
    i = end;
  }
  return { name, blocks, isQuickstart };
}

function useOf(mark: string | undefined, place: string): BlockUse {
  if (mark === undefined) return { kind: "run", exit: 0 };
  const [, word = "", rest = ""] = /^(\w+) ?(.*)$/.exec(mark) ?? [];
  if (word === "skip" && rest.startsWith("because ")) return { kind: "skip", reason: rest.slice(8) };
  if (word === "file" && rest !== "") return { kind: "file", name: rest };
  if (word === "output") return { kind: "output" };
  if (word === "exit" && /^\d+$/.test(rest)) return { kind: "run", exit: Number(rest) };
  throw new Error(`${place}: no such mark: docs-test: ${mark}`);
}

/** Whether `said` holds the lines of `expected`, in which … stands for anything, a line of its own for any lines. */
export function matchesOutput(said: string, expected: string): boolean {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = expected
    .trim()
    .split("\n")
    .map((line) =>
      line.trim() === "…"
        ? "[^]*"
        : line.trimEnd().split("…").map(literal).join(".*").replaceAll(/ {2,}/g, " +"),
    )
    .join("\\s*\\n");
  return new RegExp(pattern).test(
    said
      .split("\n")
      .map((line) => line.trimEnd())
      .join("\n"),
  );
}
