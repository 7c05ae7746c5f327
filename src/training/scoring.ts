// SPDX-License-Identifier: Apache-2.0
import type { Classifier, FamilyModel } from "../model/classifier.ts";
import { anyAccumulator, familyClassifier } from "../model/family-classifier.ts";
import { LinearModel, mostLabels, type ScoredVector } from "../model/linear-model.ts";
import { blockStarts } from "../model/opening.ts";
import { sharedDoubles, sharedFloats } from "../storage/shared-array.ts";
import { analyzeChunk, MOST_COUNTED } from "./analysis.ts";
import type { RowScores } from "./familiarity.ts";
import { Numbering } from "./indexing.ts";
import { type InputChunk, inputTexts } from "./inputs.ts";
import { MOST_NUMBERED } from "./staged-rows.ts";

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
  const scorer = new Scorer(model);
  return chunks.map(({ chunk, wanted }) => {
    const found = wanted.map((inputs, t) => {
      const rows = inputs.reduce((sum, one) => sum + one, 0);
      const labels = model.tasks[t]?.labels.length ?? 0;
      return { scores: sharedFloats(rows * labels), knownShare: sharedDoubles(rows) };
    });
    const rows = new Uint32Array(wanted.length);
    scorer.read(chunk, (input, of) => {
      for (let t = 0; t < found.length; t++) {
        if (wanted[t]?.[input] !== 1) continue;
        const { scores, knownShare } = found[t] as RowScores;
        const row = rows[t] as number;
        const own = of.scoreOf(t);
        scores.set(own, row * own.length);
        knownShare[row] = of.knownShare(t);
        rows[t] = row + 1;
      }
    });
    return found;
  });
}

/** What an input is scored by: the classifier that ships, or the same from n-grams that kernels have read. */
type Scored = Pick<Classifier, "scoreOf" | "knownShare">;

/**
 * Scores inputs as the classifier does, to the bit: kernels read most of them, look their n-grams up and give these their values. The
 * classifier itself takes no vector, as every page that predicts would load that.
 */
class Scorer implements Scored {
  readonly #model: FamilyModel;
  readonly #linear: LinearModel;
  readonly #scores: readonly Float64Array[];
  /** Of the input at hand: what the model knows, how often it has n-grams that it does not, and how many each task knows. */
  #vector: ScoredVector = { ids: new Uint32Array(), values: new Float64Array(), length: 0 };
  #unknown = 0;
  readonly #known: number[] = [];
  #numbering: Numbering | undefined;
  #classifier: Classifier | undefined;

  constructor(model: FamilyModel) {
    const labels = model.tasks.map((task) => task.labels.length);
    const blocks = blockStarts(labels, model.weights.mask);
    const sums = anyAccumulator(model.weights.values, mostLabels(model.tasks));
    this.#model = model;
    this.#linear = new LinearModel(model.tasks, model.weights, blocks, sums);
    this.#scores = labels.map((length) => new Float64Array(length));
  }

  /** Gives each input of a chunk to `take`, in their order. */
  read(chunk: InputChunk, take: (input: number, of: Scored) => void): void {
    const { input: kind, analyzer, hashes, featureWeights: weights } = this.#model;
    const ngrams = analyzeChunk(chunk, kind, analyzer);
    const { namespaces, start, counts } = ngrams;
    const text = inputTexts(chunk);
    // Such a count may stand for more, and the classifier counts all of an n-gram that it does not know.
    const isOften = counts.includes(MOST_COUNTED);
    const isMuch = hashes.length > MOST_NUMBERED;
    this.#numbering ??= new Numbering({ hashes, weights }, namespaces);
    const { staged } = this.#numbering;
    for (let from = 0; from < chunk.inputs; ) {
      staged.clear();
      const to = staged.add(ngrams, from, chunk.inputs);
      this.#numbering.number();
      const values = this.#numbering.values();
      for (let input = from; input < to; input++) {
        const [first, end] = [start[input * namespaces], start[(input + 1) * namespaces]];
        if (isMuch || (isOften && counts.subarray(first, end).includes(MOST_COUNTED))) {
          this.#classifier ??= familyClassifier(this.#model);
          this.#classifier.read(text(input, 0), text(input, 1));
          take(input, this.#classifier);
        } else {
          this.#look(this.#numbering, values, input - from);
          take(input, this);
        }
      }
      from = to;
    }
  }

  #look({ staged, unknown }: Numbering, values: Float64Array, row: number): void {
    const { words, ends, namespaces } = staged;
    const first = row * namespaces;
    const from = ends[first - 1] ?? 0;
    const to = ends[first + namespaces - 1] as number;
    this.#vector = { ids: words.subarray(from, to), values: values.subarray(from, to), length: to - from };
    this.#unknown = 0;
    for (let s = first; s < first + namespaces; s++) this.#unknown += unknown[s] as number;
  }

  scoreOf(t: number): Float64Array {
    const scores = this.#scores[t] as Float64Array;
    this.#known[t] = this.#linear.score(this.#vector, t, scores);
    return scores;
  }

  knownShare(t: number): number {
    return (this.#known[t] as number) / (this.#vector.length + this.#unknown || 1);
  }
}
