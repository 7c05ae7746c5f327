// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";

/**
 * CPU time of this process or the time that went by, whichever is less, in microseconds: neither other processes on the machine
 * count, nor other threads of this one.
 */
function timeOf(work: () => void): number {
  const started = performance.now();
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return Math.max(1, Math.min(user + system, (performance.now() - started) * 1000));
}

/** Quadratic work takes 8, linear work 1, or 3 to 4 where it makes as many objects as it reads characters and memory is slow. */
const MOST = 5;

/**
 * Expects `work` to take time by the length of its text: one text of 80,000 characters less than 5 times as
 * long as eight of 10,000, where quadratic work takes 8 times as long. The compiler and the collector count
 * too, so the best of several attempts decides.
 */
export function expectLinear(work: (text: string) => unknown, unit: string): void {
  const text = (length: number) => unit.repeat(Math.ceil(length / unit.length));
  const [small, large] = [text(10_000), text(80_000)];
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 30 && best >= MOST; attempt++) {
    const eight = timeOf(() => {
      for (let i = 0; i < 8; i++) work(small);
    });
    best = Math.min(best, timeOf(() => work(large)) / eight);
  }
  expect(best).toBeLessThan(MOST);
}
