// SPDX-License-Identifier: Apache-2.0
import type { FamilyModel } from "../model/classifier.ts";
import { familyClassifier } from "../model/family-classifier.ts";
import { sharedDoubles, sharedFloats } from "../storage/shared-array.ts";
import type { RowScores } from "./familiarity.ts";
import { type InputChunk, inputTexts } from "./inputs.ts";

/** Distinct inputs of a family, and which task is to score which. */
export interface ScoreChunk {
  readonly chunk: InputChunk;
  /** By task: 1 at each input of the chunk that it is to score, 0 at the others. */
  readonly wanted: readonly Uint8Array[];
}

/**
 * What the model as it ships says of the inputs of each chunk: by task, its wanted inputs one after another. An input is
 * read once for all tasks, and the model opened once for all chunks. The scores are in shared memory.
 */
export function scoreChunks(model: FamilyModel, chunks: readonly ScoreChunk[]): RowScores[][] {
  const classifier = familyClassifier(model);
  return chunks.map(({ chunk, wanted }) => {
    const text = inputTexts(chunk);
    const found = wanted.map((inputs, t) => {
      const rows = inputs.reduce((sum, one) => sum + one, 0);
      const labels = model.tasks[t]?.labels.length ?? 0;
      return { scores: sharedFloats(rows * labels), knownShare: sharedDoubles(rows) };
    });
    const rows = new Uint32Array(wanted.length);
    for (let i = 0; i < chunk.inputs; i++) {
      classifier.read(text(i, 0), text(i, 1));
      for (let t = 0; t < found.length; t++) {
        if (wanted[t]?.[i] !== 1) continue;
        const { scores, knownShare } = found[t] as RowScores;
        const row = rows[t] as number;
        const own = classifier.scoreOf(t);
        scores.set(own, row * own.length);
        knownShare[row] = classifier.knownShare(t);
        rows[t] = row + 1;
      }
    }
    return found;
  });
}
