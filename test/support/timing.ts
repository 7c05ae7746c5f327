// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";

/** CPU time of this process, in microseconds: other processes on the machine don't count. */
function cpu(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return Math.max(1, user + system);
}

/**
 * Expects `work` to take time by the length of its text: one text of 80,000 characters less than 2.6 times as
 * long as eight of 10,000, where quadratic work takes 8 times as long. The compiler and the collector count
 * too, so the best of several attempts decides.
 */
export function expectLinear(work: (text: string) => unknown, unit: string): void {
  const text = (length: number) => unit.repeat(Math.ceil(length / unit.length));
  const [small, large] = [text(10_000), text(80_000)];
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 30 && best >= 2.6; attempt++) {
    const eight = cpu(() => {
      for (let i = 0; i < 8; i++) work(small);
    });
    best = Math.min(best, cpu(() => work(large)) / eight);
  }
  expect(best).toBeLessThan(2.6);
}
