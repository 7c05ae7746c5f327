// SPDX-License-Identifier: Apache-2.0
import { topLabel } from "../model/softmax-calibrator.ts";
import { RowReader } from "./row-reader.ts";

/** The label reported for each row (see {@link topLabel}); both tables are rows x `labels`, row-major. */
export function topLabels(
  probabilities: Float64Array,
  scores: Float32Array | Float64Array,
  labels: number,
): Uint32Array {
  const top = new Uint32Array(probabilities.length / labels);
  const [own, raw] = [new RowReader(probabilities, labels), new RowReader(scores, labels)];
  for (let row = 0; row < top.length; row++) top[row] = topLabel(own.read(row), raw.read(row));
  return top;
}
