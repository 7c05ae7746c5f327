// SPDX-License-Identifier: Apache-2.0
import type { Rejection } from "../../src/backfill/acceptance.ts";
import type { Usage } from "../../src/backfill/completion.ts";
import type { SlotFault } from "../../src/backfill/inquiry.ts";
import type { Prompt } from "../../src/backfill/prompt.ts";
import type { SlotResult } from "../../src/backfill/slot.ts";
import { requestRecord } from "./ledger.ts";

const PROMPT: Prompt = {
  messages: [],
  schema: { name: "rows", body: {} },
  canary: "zumo",
  language: "",
  shown: [],
  digest: "0".repeat(64),
};

/** What a slot came to, as far as it is counted. */
export interface SlotScene {
  /** Of each item, null for one that is fit. */
  readonly items?: readonly (Rejection | null)[];
  /** Of replies that could not be used. */
  readonly faults?: readonly SlotFault[];
  readonly givenUp?: boolean;
  readonly rows?: number;
  readonly usage?: readonly (Usage | null)[];
  readonly bytes?: { readonly prompt: number; readonly reply: number };
  readonly judge?: SlotResult["judge"];
}

/** A settled slot. */
export function slotResult(scene: SlotScene = {}): SlotResult {
  const { items = [], faults = [], givenUp = false, rows = 4, judge = null } = scene;
  const checked = items.map((rejection, i) => ({ row: { text: `text ${i}`, textB: null }, rejection }));
  return {
    slot: { label: 0, slot: 0, rows },
    items: checked,
    write: {
      value: givenUp ? null : checked.map(({ row }) => row),
      prompt: PROMPT,
      record: requestRecord(0),
      faults,
      usage: scene.usage ?? [{ promptTokens: 100, completionTokens: 10 }],
      bytes: scene.bytes ?? { prompt: 0, reply: 0 },
    },
    judge,
  };
}
