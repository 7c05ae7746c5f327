// SPDX-License-Identifier: Apache-2.0
import type { BlockWriter } from "../../src/training/block.ts";

export function writeRow(
  writer: BlockWriter,
  x: { readonly ids: Uint32Array; readonly values: Float32Array },
  from: number,
  to: number,
  truth: number,
  weight: number,
): void;
