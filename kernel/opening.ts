// SPDX-License-Identifier: Apache-2.0
// The loops that open a model, in AssemblyScript; scripts/kernel.mjs makes src/model/opening-bytes.ts of it.

/**
 * For each value of the bits of a hash above `shift`, up to that of the last hash, the number of the first of the hashes that
 * has it or a higher one, in words from `out` on. Returns where the next would go; 0 unless the hashes ascend strictly.
 */
export function find(hashes: usize, features: u32, shift: u32, out: usize): usize {
  let next = out;
  let before: u32 = 0;
  for (let n: u32 = 0; n < features; n++) {
    const hash = load<u32>(hashes + (n << 2));
    if (n && hash <= before) return 0;
    before = hash;
    for (const place = out + ((hash >>> shift) << 2); next <= place; next += 4) store<u32>(next, n);
  }
  return next;
}

/**
 * Where the block of each mask begins: `bytes` bytes a mask, and for each of these a table of the widths of its 256 values.
 * Returns what all blocks take together.
 */
export function sum(mask: usize, end: usize, bytes: usize, widths: usize, out: usize): f64 {
  let size: u64 = 0;
  for (; mask < end; out += 4) {
    store<u32>(out, u32(size));
    let table = widths;
    for (const last = mask + bytes; mask < last; mask++, table += 1024)
      size += load<u32>(table + (load<u8>(mask) << 2));
  }
  return f64(size);
}
