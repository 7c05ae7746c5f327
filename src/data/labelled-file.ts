// SPDX-License-Identifier: Apache-2.0
import { open } from "node:fs/promises";
import { errnoOf, guarded } from "../storage/failure.ts";

/** A text that an LLM labelled, as it is written for a map to read. */
export interface LabelledRow {
  readonly text: string;
  /** Null for single-text tasks. */
  readonly textB: string | null;
  readonly label: string;
  readonly confidence: number | null;
}

/** What `origin` says of each row. */
const ORIGIN = "llm_labelled";
/** Lines made at a time: all of them may be longer than a string can be. */
const LINES = 4096;

/** JSON lines of `text, label, confidence, origin`, or `text_a` and `text_b` for pairs, as UTF-8. */
export function labelledLines(rows: readonly LabelledRow[]): Uint8Array {
  const parts: Buffer[] = [];
  for (let from = 0; from < rows.length; from += LINES)
    parts.push(
      Buffer.from(
        rows
          .slice(from, from + LINES)
          .map(labelledLine)
          .join(""),
      ),
    );
  return Buffer.concat(parts);
}

function labelledLine({ text, textB, label, confidence }: LabelledRow): string {
  const texts = textB === null ? { text } : { text_a: text, text_b: textB };
  return `${JSON.stringify({ ...texts, label, confidence, origin: ORIGIN })}\n`;
}

/** Bytes of a file that are looked at: the longest row, with every character escaped, is shorter. */
const HEAD_BYTES = 1 << 19;

/** Whether a file was written from {@link labelledLines}, or is empty or not there: it may be replaced. */
export async function isReplaceable(path: string): Promise<boolean> {
  const head = await guarded("read", path, () => headOf(path));
  if (head === "") return true;
  try {
    const first: unknown = JSON.parse(head.slice(0, head.indexOf("\n")));
    return typeof first === "object" && first !== null && "origin" in first && first.origin === ORIGIN;
  } catch {
    return false;
  }
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, "r").catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  });
  if (file === null) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
