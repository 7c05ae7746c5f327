// SPDX-License-Identifier: Apache-2.0
import type { BatchTiming } from "../backfill/batch-course.ts";
import type { ServerTiming } from "../backfill/completion.ts";
import type { BackfillOptions } from "./backfill.ts";
import type { InputOptions } from "./inputs.ts";
import type { RunOptions } from "./workspace.ts";

/** What {@link prepare} and {@link planPrepare} may be told besides the config. */
export interface PrepareOptions extends RunOptions {
  /** Rows of each source at most, for a quick run the whole way. */
  readonly sample?: number | null;
  /** Leaves bootstrap files on disk and out of the run. */
  readonly forceFull?: boolean;
  /** Uses just what datasets.lock.json says of datasets of the Hub, and refuses everything else. */
  readonly locked?: boolean;
  /** Moves datasets of the Hub to their newest commit: all, or the one of this name. */
  readonly updateLock?: boolean | string;
  /** Asks the LLM of [synthetic_llm] for the rows that lack; without it they are reported. */
  readonly backfill?: boolean;
  /** How long the LLM's client waits, where that is not what the config says. */
  readonly llmTiming?: Partial<ServerTiming>;
  /** The same of `mode = "batch"`. */
  readonly batchTiming?: Partial<BatchTiming>;
  /** HF_ENDPOINT, HF_TOKEN and what else the Hub's tools know; of the process's own none is looked at. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What finding the sources needs to know of the options; `beforeNetwork` is called before the network is used. */
export function inputOptions(options: PrepareOptions, beforeNetwork: () => Promise<void>): InputOptions {
  return {
    forceFull: options.forceFull ?? false,
    sample: options.sample ?? null,
    policy: { locked: options.locked ?? false, update: options.updateLock ?? false },
    environment: options.environment ?? {},
    signal: options.signal,
    beforeNetwork,
  };
}

/** What the backfill needs to know of the options. */
export function backfillOptions(options: PrepareOptions): BackfillOptions {
  return {
    environment: options.environment ?? {},
    signal: options.signal,
    clock: options.clock ?? (() => 0),
    timing: options.llmTiming,
    batchTiming: options.batchTiming,
  };
}
