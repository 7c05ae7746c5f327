// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import type { FamilyModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { readFamilyFile, writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { FILE_VERSIONS } from "../../src/modelpack/format-version.ts";
import { starterModel, tinyModel } from "./model.ts";

const FOLDER = new URL("../golden/packs/", import.meta.url);

/** What the packs are asked: [text_a, text_b]. */
const INPUTS: readonly (readonly [string, string])[] = [
  ["Wire 200 euros to the bank.", "I have no bank account."],
  ["hello", "hello"],
  ["Is there a FLIGHT to Köln for 80 euros?", "User never flies."],
  ["User lives in Lisbon.", "User lives in Porto now."],
  ["My budget is 800 euros.", "My budget is 1,500 euros."],
  ["ΟΔΟΣ नमस्ते 你好 😀", "\ud800 don't"],
];

export interface GoldenAnswer {
  readonly task: string;
  readonly input: readonly [string, string];
  readonly label: string;
  readonly probabilities: readonly number[];
}

/** Answers of a pack's every task to every input. */
export function answersOf(model: FamilyModel): GoldenAnswer[] {
  const classifier = familyClassifier(model);
  return INPUTS.flatMap((input) => {
    const all = classifier.probabilitiesOfAll(...input);
    return model.tasks.map((task, t) => ({
      task: task.name,
      input,
      label: task.labels[classifier.best(t)] as string,
      probabilities: [...(all[t] as Float64Array)],
    }));
  });
}

export const goldenPack = (name: string) =>
  new Uint8Array(readFileSync(new URL(`${name}.safetensors`, FOLDER)));

export const goldenAnswers = (name: string) =>
  JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as GoldenAnswer[];

/**
 * Writes the golden packs and what they answer. Once there is a release, only for a new version of the format,
 * under a new name: the packs that are there stand for all that users have, and must open and answer for ever.
 */
export async function writeGoldenPacks(): Promise<void> {
  const models = {
    text: tinyModel(),
    pair: await starterModel("pairs", ["conflict_detection"], "none", 150),
  };
  for (const [kind, model] of Object.entries(models)) {
    const version = FILE_VERSIONS[model.input];
    const name = kind === "text" ? `format-${version}` : `format-${version}-${kind}`;
    const file = writeFamilyFile(model);
    writeFileSync(new URL(`${name}.safetensors`, FOLDER), file);
    const lines = answersOf(readFamilyFile(file, name)).map((answer) => `  ${JSON.stringify(answer)}`);
    writeFileSync(new URL(`${name}.json`, FOLDER), `[\n${lines.join(",\n")}\n]\n`);
  }
}
