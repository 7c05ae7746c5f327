// SPDX-License-Identifier: Apache-2.0
import type { ReplyFault, Usage } from "./completion.ts";

// What the ledger holds: docs/backfill.md has the files' format.

/** What a request was for. */
export type Purpose = "write" | "judge" | "label";

/** A request that a server answered. Found by its key; how it was found is not a part of that. */
export interface RequestRecord {
  /** sha256 in hex over model, messages, schema, sampling, seed, slot and attempt. */
  readonly key: string;
  readonly purpose: Purpose;
  readonly task: string;
  /** The label that rows were asked for; null where labels were asked for. */
  readonly label: string | null;
  /** The fill that asked, from 1. */
  readonly fill: number;
  /** Number of the request among those for its (task, label) over all fills, from 0. */
  readonly slot: number;
  /** Number of the sample for this slot, from 0: replies that can't be used are kept, and count. */
  readonly attempt: number;
  /** Null where the reply was whole. */
  readonly fault: ReplyFault | "overlong" | "poisonous" | null;
  /** The reply's content; null where there was none. */
  readonly text: string | null;
  readonly usage: Usage | null;
  readonly model: string;
  readonly fingerprint: string | null;
  /** sha256 in hex of the messages. */
  readonly prompt: string;
}

/** A row that was accepted: an input of every dataset from then on. */
export interface AcceptedRow {
  readonly task: string;
  readonly label: string;
  /** The text of a single-text task, or text_a of a pair; clean. */
  readonly text: string;
  /** text_b of a pair; null for single-text tasks. */
  readonly textB: string | null;
  /** Language code that was asked for; "" where none was. */
  readonly language: string;
  /** The fill that accepted it, and its place in that fill's order. */
  readonly fill: number;
  readonly order: number;
  /** What wrote it: the server's own names, the request's key and prompt, and digests of the rows in the prompt. */
  readonly model: string;
  readonly fingerprint: string | null;
  readonly request: string;
  readonly prompt: string;
  readonly seeds: readonly string[];
}

/** The beginning of a fill. A run that was killed goes on with its fill as long as the context is the same. */
export interface FillRecord {
  /** From 1. */
  readonly fill: number;
  /** sha256 in hex over everything that decides the requests: settings, tasks, target and rows. */
  readonly context: string;
  readonly ended: boolean;
}

/** A batch that a provider is given: found again after a restart. */
export interface BatchRecord {
  /** Ours, which the provider keeps with the batch: on the disk before the batch is made. */
  readonly name: string;
  /** The provider's id; null until it is known. */
  readonly batch: string | null;
  /** Names of the requests in it, each a sha256 in hex; an end may leave them out. */
  readonly keys: readonly string[];
  readonly ended: boolean;
}
