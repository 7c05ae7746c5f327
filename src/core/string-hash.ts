// SPDX-License-Identifier: Apache-2.0
import { mix32, step32 } from "./hash.ts";

/** Hash of a string's UTF-16 code units; 32 bits, unsigned. The same in every runtime. */
export function hashString(text: string, seed = 0): number {
  let h = seed | 0;
  for (let i = 0; i < text.length; i++) h = step32(h, text.charCodeAt(i));
  return mix32(h ^ text.length);
}
