// SPDX-License-Identifier: Apache-2.0
import { setMaxListeners } from "node:events";
import type { DatasetConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";

/** A dataset that the run goes on without, and why. */
export interface Failure {
  readonly dataset: DatasetConfig;
  readonly error: ModelpackError;
}

export interface Attempted<T> {
  readonly done: readonly T[];
  readonly failed: readonly Failure[];
}

/**
 * Does `work` for something of every dataset at once; both lists are in the order given. The first failure of
 * one that `mayFail` does not excuse stops the others, by the signal that they get, and is thrown once all
 * have ended.
 */
export async function attemptAll<A extends { readonly dataset: DatasetConfig }, T>(
  items: readonly A[],
  mayFail: (dataset: DatasetConfig, error: ModelpackError) => boolean,
  signal: AbortSignal | undefined,
  work: (item: A, signal: AbortSignal) => Promise<T>,
): Promise<Attempted<T>> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, either); // as many waits as there are datasets are no leak, and Node would warn of one
  let fatal: { readonly error: unknown } | null = null;
  const results = await Promise.all(
    items.map(async (item) => {
      const { dataset } = item;
      try {
        return { value: await work(item, either) };
      } catch (error) {
        if (error instanceof ModelpackError && fatal === null && mayFail(dataset, error))
          return { dataset, error };
        fatal ??= { error };
        stop.abort();
        return null;
      }
    }),
  );
  if (fatal !== null) throw (fatal as { error: unknown }).error;
  const done: T[] = [];
  const failed: Failure[] = [];
  for (const result of results) {
    if (result === null) continue;
    if ("value" in result) done.push(result.value);
    else failed.push(result);
  }
  return { done, failed };
}
