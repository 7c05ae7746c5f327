// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { readUnlabelled, type UnlabelledText } from "../data/unlabelled.ts";
import type { DiffAnswer, Flip, TextsDiff } from "../report/diff-page.ts";
import type { Modelpack, Prediction } from "../runtime/node.ts";
import type { DiffPack, SharedTask } from "./diff-pack.ts";
import { checkpoint } from "./workspace.ts";

/** Texts of files, and the columns that they stand in: one, or the two of pairs. */
export interface DiffTexts {
  readonly file: string;
  readonly columns: readonly string[];
}

/** Texts between two looks at the signal. */
const BATCH = 4096;

/** What both packs answer to the texts of a file, for the tasks that read as many texts as there are columns. */
export async function diffTexts(
  a: DiffPack,
  b: DiffPack,
  tasks: readonly SharedTask[],
  { file, columns }: DiffTexts,
  signal: AbortSignal | undefined,
): Promise<TextsDiff[]> {
  const input = columns.length > 1 ? "pair" : "text";
  const fitting = tasks.filter((task) => task.a.model.input === input && task.b.model.input === input);
  if (fitting.length === 0)
    throw new ModelpackError(
      "USAGE",
      `the packs have no task in common that reads ${input === "pair" ? "pairs" : "one text"}`,
      {
        hint:
          input === "pair"
            ? "leave --text-a and --text-b out"
            : "name the columns of pairs with --text-a and --text-b, or choose another --task",
      },
    );
  const { texts, repeated, dropped } = await readUnlabelled([file], { columns, limit: null, signal });
  if (texts.length === 0)
    throw new ModelpackError("SOURCE_EMPTY", "no text of the file can be answered", { where: file });
  const found: TextsDiff[] = [];
  for (const { name } of fitting) {
    const flips: Flip[] = [];
    for (let from = 0; from < texts.length; from += BATCH) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      checkpoint(signal);
      for (const text of texts.slice(from, from + BATCH)) {
        const [ofA, ofB] = [answer(a.pack, name, text), answer(b.pack, name, text)];
        if (ofA.label !== ofB.label) flips.push({ texts: sidesOf(text), a: ofA, b: ofB });
      }
    }
    flips.sort((x, y) => sureness(y) - sureness(x));
    found.push({ task: name, texts: texts.length, repeated, dropped, flips, pairs: pairsOf(flips) });
  }
  return found;
}

function sidesOf({ text, textB }: UnlabelledText): string[] {
  return textB === null ? [text] : [text, textB];
}

function answer(pack: Modelpack, task: string, { text, textB }: UnlabelledText): DiffAnswer {
  const said: Prediction = textB === null ? pack.predict(task, text) : pack.predictPair(task, text, textB);
  return { label: said.label, confidence: said.confidence, reason: said.reason ?? null };
}

/** Both are as sure as the less sure one. */
function sureness({ a, b }: Flip): number {
  return Math.min(a.confidence, b.confidence);
}

function pairsOf(flips: readonly Flip[]): TextsDiff["pairs"] {
  const pairs = new Map<string, { a: string | null; b: string | null; texts: number }>();
  for (const { a, b } of flips) {
    const key = JSON.stringify([a.label, b.label]);
    const pair = pairs.get(key) ?? { a: a.label, b: b.label, texts: 0 };
    pair.texts++;
    pairs.set(key, pair);
  }
  return [...pairs.values()].sort((x, y) => y.texts - x.texts);
}
