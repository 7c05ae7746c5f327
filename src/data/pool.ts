// SPDX-License-Identifier: Apache-2.0
import pLimit from "p-limit";

/** Begins a work when one of its places is free; the works of several callers may share it. */
export type Pool = <T>(work: () => Promise<T>) => Promise<T>;

/** A pool in which `places` works are under way at a time at most; they begin in the order of the calls. */
export function makePool(places: number): Pool {
  return pLimit(places);
}
