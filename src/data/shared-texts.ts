// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import { textAt } from "../core/text-column.ts";
import type { PairGrouping } from "./grouping.ts";
import { KeyTable } from "./key-table.ts";
import { isOfficial } from "./merging.ts";
import { normalizeText } from "./normalization.ts";
import { newPause } from "./pause.ts";
import type { TaskRows } from "./rows.ts";

/**
 * Which row first held a text, for pairs that are grouped by the texts that they share. By 64 bits of sha256
 * of the normalized text: that two texts meet there by chance ties a made-up row to a group for nothing, and
 * nobody can arrange it. 4 us a pair.
 */
export class SharedTexts {
  readonly #grouping: PairGrouping;
  readonly #owners = new KeyTable();

  private constructor(grouping: PairGrouping) {
    this.#grouping = grouping;
  }

  /** The texts of a task's rows, by the rule that its deduplication used; official rows tie nothing. */
  static async over(rows: TaskRows, grouping: PairGrouping): Promise<SharedTexts> {
    const shared = new SharedTexts(grouping);
    if (grouping === null) return shared;
    const pause = newPause();
    for (let i = 0; i < rows.length; i++) {
      if ((i & 255) === 0 && pause.due()) await pause.turn();
      const textB = rows.textB === null ? null : textAt(rows.textB, i);
      if (!isOfficial(rows, i)) shared.add(textAt(rows.text, i), textB, i);
    }
    return shared;
  }

  /** The rows that first held the texts of a pair which tie it: none, one or two. */
  owners(text: string, textB: string | null): readonly number[] {
    return this.#tying(text, textB).flatMap((one) => this.#owners.find(...keyOf(one)) ?? []);
  }

  /** Makes `row` the owner of those of its texts that have none. */
  add(text: string, textB: string | null, row: number): void {
    for (const one of this.#tying(text, textB)) this.#owners.claim(...keyOf(one), row);
  }

  #tying(text: string, textB: string | null): readonly string[] {
    if (this.#grouping === null) return [];
    return this.#grouping === "both" && textB !== null ? [text, textB] : [text];
  }
}

function keyOf(text: string): [number, number] {
  const hex = hash("sha256", normalizeText(text), "hex");
  return [Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8, 16), 16)];
}
