// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Overrides } from "../../src/config/override.ts";
import type { FillProgress } from "../../src/core/reporter.ts";
import { type LabelOptions, type LabelResult, label } from "../../src/pipeline/label.ts";
import type { Fault } from "../faults/llm/script.ts";
import { TIMING } from "../faults/llm/support.ts";
import { wordsOf } from "../faults/llm/words.ts";
import { load, taskNamed } from "./project.ts";

/** A text that the test server's model finds the label of; those of different numbers are no near-copies. */
export function textAbout(name: string, i: number): string {
  const words = wordsOf(name);
  const own = Array.from({ length: 5 }, (_, k) => words[(i * 7 + k * (1 + (i % 9))) % words.length]);
  return `${own.join(" ")} number ${i} of them`;
}

/** Texts of these labels in turn, as many of each. */
export function textsAbout(labels: readonly string[], each: number): string[] {
  return Array.from({ length: each }, (_, i) => labels.map((name) => textAbout(name, i))).flat();
}

/** Writes texts, a line each; returns the path. */
export function writeLines(folder: string, name: string, texts: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, texts.map((text) => `${text}\n`).join(""));
  return path;
}

/** What a run told its reporter, and what it came to. */
export interface LabelRunHeard extends LabelResult {
  readonly notes: readonly string[];
  readonly progress: readonly FillProgress[];
}

/** Labels texts of a project's task, `colour` where nothing is said, with short waits. */
export async function runLabel(
  folder: string,
  files: readonly string[],
  overrides: Overrides = {},
  { task = "colour", ...options }: Partial<Omit<LabelOptions, "task">> & { readonly task?: string } = {},
): Promise<LabelRunHeard> {
  const notes: string[] = [];
  const progress: FillProgress[] = [];
  let ticks = 0;
  const reporter = {
    note: (message: string) => void notes.push(message),
    warn: (message: string) => void notes.push(`warning: ${message}`),
    progress() {},
    download() {},
    fill: (_: string | null, one: FillProgress) => void progress.push(one),
  };
  const loaded = load(folder, overrides);
  const result = await label(loaded, reporter, {
    environment: {},
    signal: undefined,
    clock: () => ticks++,
    timing: TIMING,
    task: taskNamed(loaded, task),
    files,
    columns: ["text"],
    out: null,
    queue: null,
    limit: null,
    queueSize: 100,
    ...options,
  });
  return { ...result, notes, progress };
}

/** A row of the labelled file. */
export interface Labelled {
  readonly text: string;
  readonly text_a?: string;
  readonly text_b?: string;
  readonly label: string;
  readonly confidence: number | null;
  readonly origin: string;
}

export function readLabelled(path: string): Labelled[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Labelled);
}

/** The cells of the queue, its header first, as they stand in the file. */
export function readQueue(path: string): string[][] {
  const lines = readFileSync(path, "utf8").replace("\ufeff", "").split("\r\n").slice(0, -1);
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split('","')
      .map((one) => one.replaceAll('""', '"')),
  );
}

export interface Word {
  readonly n: number;
  readonly label: string | null;
  readonly confidence: number;
}

/** A reply whose words on texts are others; `texts` are those of the prompt. Probes are answered as ever. */
export function saying(change: (word: Word, text: string) => unknown): Fault {
  return ({ reply, seen, send }) => {
    const body = JSON.parse(reply.content ?? "{}") as { readonly labels?: readonly Word[] };
    if (body.labels === undefined) return send();
    const texts = textsOf(seen.body);
    const labels = body.labels.flatMap((word) => change(word, texts[word.n - 1] ?? "") ?? []);
    send({ ...reply, content: JSON.stringify({ ...body, labels }) });
  };
}

/** The numbered texts of a request's prompt. */
export function textsOf({ messages }: Readonly<Record<string, unknown>>): readonly string[] {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : null;
  const lines = String(Object(last).content).matchAll(/^\d+\. (["{].*)$/gm);
  return [...lines].map(([, text = '""']) => {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** Whether a request asks for labels, and is no probe. */
export function isLabelling({ body }: { readonly body: Readonly<Record<string, unknown>> }): boolean {
  return textsOf(body).length > 0;
}
