// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import { TextColumnBuilder } from "../core/text-column.ts";
import { cleanCell } from "./cleaning.ts";
import { type MappedRow, NO_LABEL, type TextPool } from "./rows.ts";

/** Seed rows of maps that name no task: any task of their kind of input may draw from them. */
export class SharedSeeds {
  readonly #single = new TextColumnBuilder();
  readonly #pairA = new TextColumnBuilder();
  readonly #pairB = new TextColumnBuilder();

  /** Takes a row, or drops it: false. */
  push({ text, textB }: MappedRow): boolean {
    const a = cleanCell(text);
    if (a.text === null) return false;
    if (textB === null) {
      this.#single.push(a.text);
      return true;
    }
    const b = cleanCell(textB);
    if (b.text === null) return false;
    this.#pairA.push(a.text);
    this.#pairB.push(b.text);
    return true;
  }

  /** What was taken for tasks of this kind of input, in the order it came. */
  pool(input: InputKind): TextPool {
    const text = (input === "pair" ? this.#pairA : this.#single).build();
    const label = new Uint32Array(text.length).fill(NO_LABEL);
    return { length: text.length, text, textB: input === "pair" ? this.#pairB.build() : null, label };
  }
}
