// SPDX-License-Identifier: Apache-2.0
// Made by scripts/kernel.mjs from kernel/opening.ts; test/model/opening-kernel.test.ts compares them.

/** The compiled kernel, WebAssembly as base64. */
export const OPENING =
  "AGFzbQEAAAABEgJgBH9/f38Bf2AFf39/f38BfAIPAQNlbnYGbWVtb3J5AgAAAwMCAAEHDgIEZmluZAAAA3N1bQABCsIBAmEBBH8g" +
  "AyEEA0AgASAGSwRAIAUgACAGQQJ0aigCACIFT0EAIAYbBEBBAA8LIAMgBSACdkECdGohBwNAIAQgB00EQCAEIAY2AgAgBEEEaiEE" +
  "DAELCyAGQQFqIQYMAQsLIAQLXgICfwF+A0AgACABSQRAIAQgBz4CACADIQUgACACaiEGA0AgACAGSQRAIAcgBSAALQAAQQJ0ajUC" +
  "AHwhByAAQQFqIQAgBUGACGohBQwBCwsgBEEEaiEEDAELCyAHugs=";
