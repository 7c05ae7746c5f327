// SPDX-License-Identifier: Apache-2.0
import { type Block, layoutOf } from "../../src/training/block.ts";

/** Share of a block's train rows that its next pass leaves out, though they are further from what the weights say than 1e-4. */
export function leftOut({ shape, memory }: Block): number {
  const settled = new Float32Array(memory.buffer, layoutOf(shape).at.settled, shape.train * 2);
  let rows = 0;
  for (let at = 0; at < settled.length; at += 2)
    if ((settled[at] as number) >= 0 && (settled[at + 1] as number) >= 1e-4) rows++;
  return rows / shape.train;
}
