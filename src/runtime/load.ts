// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { Classifier } from "../model/classifier.ts";
import { verifyFile } from "../modelpack/digest.ts";
import { FORMAT_VERSION, readFamilyFile } from "../modelpack/family-file.ts";
import { type Manifest, modelFiles, parseManifest } from "../modelpack/manifest.ts";
import { type Loaded, type LoadProblem, loadProblem } from "../modelpack/modelpack.ts";

/** Reads one file of a version by its name in the manifest. */
export type ReadFile = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** Classifiers of family files that came without a manifest. */
export function loadFiles(files: Iterable<Uint8Array>): Loaded {
  const classifiers: Classifier[] = [];
  const problems: LoadProblem[] = [];
  let i = 0;
  for (const file of files) {
    const where = `model file ${i++}`;
    try {
      classifiers.push(new Classifier(readFamilyFile(file, where)));
    } catch (error) {
      problems.push(loadProblem(error, where));
    }
  }
  return { version: null, classifiers, problems };
}

/** Classifiers of a version: its manifest, then every model file that it lists, each verified. */
export async function loadVersion(read: ReadFile): Promise<Loaded> {
  let manifest: Manifest;
  try {
    manifest = parseManifest(await read("manifest.json"), "manifest.json");
    checkFormat(manifest);
  } catch (error) {
    return { version: null, classifiers: [], problems: [loadProblem(error, "manifest.json")] };
  }
  const classifiers: Classifier[] = [];
  const problems: LoadProblem[] = [];
  for (const entry of modelFiles(manifest)) {
    try {
      const bytes = await read(entry.name);
      await verifyFile(bytes, entry);
      classifiers.push(new Classifier(readFamilyFile(bytes, entry.name)));
    } catch (error) {
      problems.push(loadProblem(error, entry.name));
    }
  }
  return { version: manifest.version, classifiers, problems };
}

function checkFormat(manifest: Manifest): void {
  if (manifest.formatVersion === FORMAT_VERSION) return;
  throw new ModelpackError(
    "MODEL_TOO_NEW",
    `the pack has format version ${manifest.formatVersion}; this modelpack reads version ${FORMAT_VERSION}`,
    { where: "manifest.json", hint: "open it with the modelpack that wrote it, or a newer one" },
  );
}
