// SPDX-License-Identifier: Apache-2.0
import { textAnalyzer } from "../model/analyzer.ts";
import { Classifier } from "../model/classifier.ts";
import { mostLabels } from "../model/linear-model.ts";
import { type ModelMemory, modelMemory } from "../model/model-memory.ts";
import { softmaxCalibrator } from "../model/softmax-calibrator.ts";
import { corrupt } from "../modelpack/corrupt.ts";
import { type Sha256, verifyFile, verifySeal, webSha256 } from "../modelpack/digest.ts";
import { type Description, openFamily, readFamily } from "../modelpack/family-reader.ts";
import { MAX_MANIFEST_BYTES, type ManifestFile, modelFiles, parseManifest } from "../modelpack/manifest.ts";
import { type Loaded, type LoadProblem, loadProblem } from "../modelpack/modelpack.ts";

/**
 * Reads one file of a version by its name in the manifest; refuses one of more than `most` bytes. Once it knows how many there
 * are, it asks `room` for a place for them, where it is given; undefined is any.
 */
export type ReadFile = (
  name: string,
  most: number,
  room?: (bytes: number) => Uint8Array<ArrayBuffer> | undefined,
) => Promise<Uint8Array<ArrayBuffer>>;

/** Bytes of a family file, in the `memory` where there is one. */
interface Incoming {
  readonly bytes: Uint8Array;
  readonly memory: ModelMemory | null;
  /** Rejects where their sha256 is wrong; null where nobody can tell. */
  readonly digest: Promise<void> | null;
}

/** The families that are whole, and what is wrong with the others. */
class Collection {
  readonly classifiers: Classifier[] = [];
  readonly problems: LoadProblem[] = [];
  readonly #taken = new Set<string>();

  /** Adds the family of these bytes, or the problem that it has. */
  async add(where: string, file: Incoming | Promise<Incoming>): Promise<void> {
    try {
      const found = await file;
      const { digest } = found;
      // Read while another thread makes the digest, which is the first to be heard, and before anything is used.
      const opening = open(found, where);
      opening.catch(() => {});
      await digest;
      const classifier = await opening;
      this.#claim(classifier, where);
      this.classifiers.push(classifier);
    } catch (error) {
      this.problems.push(loadProblem(error, where));
    }
  }

  // Which of two models would answer is nothing to guess at.
  #claim({ model }: Classifier, where: string): void {
    const names = [`family ${model.family}`, ...model.tasks.map((task) => `task ${task.name}`)];
    const twice = names.find((name) => this.#taken.has(name));
    if (twice !== undefined) throw corrupt(where, `another file has ${twice} already`);
    for (const name of names) this.#taken.add(name);
  }
}

// What few packs need are parts by themselves, which only those load that need them.
async function open({ bytes, memory, digest }: Incoming, where: string): Promise<Classifier> {
  const file = openFamily(bytes, where, digest === null ? await import("../modelpack/checksums.ts") : null);
  const { tasks, input } = file.description;
  const calibrator = tasks.every(isSoftmax) ? softmaxCalibrator : await import("../model/calibrator.ts");
  const model = readFamily(file, calibrator, memory?.loops);
  const analyzer = input === "pair" ? (await import("../model/pair-analyzer.ts")).pairAnalyzer : textAnalyzer;
  const [values, most] = [model.weights.values, mostLabels(model.tasks)];
  const sums =
    memory !== null && values instanceof Int8Array
      ? memory.accumulator(values, most)
      : (await import("../model/plain-accumulator.ts")).plainAccumulator(values, most);
  return new Classifier(model, analyzer(model.analyzer), calibrator, sums);
}

function isSoftmax({ calibration, labels }: Description["tasks"][number]): boolean {
  return softmaxCalibrator.parseCalibration(calibration, labels.length) !== null;
}

/** Classifiers of family files that came without a manifest. */
export async function loadFiles(files: readonly Uint8Array[]): Promise<Loaded> {
  const found = new Collection();
  for (const [i, given] of files.entries()) {
    const memory = modelMemory(given.length);
    memory?.file.set(given);
    await found.add(`model file ${i}`, { bytes: memory?.file ?? given, memory, digest: null });
  }
  return { version: null, classifiers: found.classifiers, problems: found.problems };
}

/**
 * Classifiers of a version: its manifest, then every model file that it lists, each verified.
 *
 * @param expected the version that it should be; null where nobody said
 * @throws what `read` throws of the manifest; ModelpackError MODEL_CORRUPT, MODEL_TOO_NEW or MODEL_TOO_OLD for what is in it
 */
export async function loadVersion(
  read: ReadFile,
  expected: string | null,
  sha256: Sha256 = webSha256,
  memoryFor: (size: number) => ModelMemory | null = modelMemory,
): Promise<Loaded> {
  const bytes = await read("manifest.json", MAX_MANIFEST_BYTES);
  const manifest = parseManifest(bytes, "manifest.json");
  await verifySeal(bytes, "manifest.json", sha256);
  if (expected !== null && manifest.version !== expected)
    throw corrupt("manifest.json", `expected version ${expected}, got ${manifest.version}`);
  const entries = modelFiles(manifest);
  if (entries.length === 0) throw corrupt("manifest.json", "it lists no model file");
  const found = new Collection();
  const load = async (entry: ManifestFile): Promise<Incoming> => {
    let memory: ModelMemory | null = null;
    const room = (size: number) => {
      memory = memoryFor(size);
      return memory?.file;
    };
    const bytes = await read(entry.name, entry.bytes, room);
    const digest = verifyFile(bytes, entry, sha256);
    digest?.catch(() => {});
    return { bytes, memory, digest };
  };
  // All are on their way at once, and taken in their order, which is where each one's failure is heard of.
  const files = entries.map((entry) => {
    const file = load(entry);
    file.catch(() => {});
    return () => found.add(entry.name, file);
  });
  for (const add of files) await add();
  return { version: manifest.version, classifiers: found.classifiers, problems: found.problems };
}
