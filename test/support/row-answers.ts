// SPDX-License-Identifier: Apache-2.0
import { type RowAnswers, roomForAnswers, writeAnswer } from "../../src/training/row-answers.ts";

/** What a table of probabilities (rows x `labels`, row-major) answers; ties go by a table of scores. */
export function answersIn(
  probabilities: Float64Array,
  labels: number,
  truth: Uint32Array,
  scores = probabilities,
): RowAnswers {
  const answers = roomForAnswers(truth.length);
  const of = (table: Float64Array, row: number) => table.subarray(row * labels, (row + 1) * labels);
  for (let row = 0; row < truth.length; row++)
    writeAnswer(answers, row, of(probabilities, row), of(scores, row), truth[row]);
  return answers;
}
