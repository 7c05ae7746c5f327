// SPDX-License-Identifier: Apache-2.0

/** Writes entries [from, to) of `ids`, numbers of features, and `values` as the next row of a block. */
export function writeRow(writer, { ids, values }, from, to, truth, weight) {
  const entries = new Uint32Array((to - from) * 2);
  const bits = new Float32Array(entries.buffer);
  let squares = 0;
  for (let j = from; j < to; j++) {
    entries[(j - from) * 2] = ids[j] * writer.bytes;
    bits[(j - from) * 2 + 1] = values[j];
    squares += values[j] * values[j];
  }
  writer.endRow(writer.write(entries) + to - from, squares, truth, weight);
}
