// SPDX-License-Identifier: Apache-2.0
// The door for browsers, workers and edge runtimes: no dependency, no import of Node.
import { ModelpackError } from "../core/error.ts";
import { type Loaded, Modelpack, type OpenOptions, type TaskLabels } from "../modelpack/modelpack.ts";
import { loadFiles, loadVersion } from "./load.ts";

export { ModelpackError } from "../core/error.ts";
export type { Contribution, Explanation } from "../model/classifier.ts";
export type {
  LabelProbability,
  LoadProblem,
  OpenOptions,
  Prediction,
  PredictOptions,
  Reason,
  Status,
  TaskLabels,
  TaskStatus,
} from "../modelpack/modelpack.ts";
export { Modelpack } from "../modelpack/modelpack.ts";

export interface LoadOptions<Tasks extends TaskLabels = TaskLabels> extends OpenOptions<Tasks> {
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

type Bytes = Uint8Array | ArrayBuffer;

/**
 * Opens a pack from the bytes of its family files, or from the URL of a version's `manifest.json`.
 *
 * Never rejects for a missing or broken pack: predictions then come from defaults, and `status()` says what
 * is wrong. With `{ strict: true }` it rejects with a ModelpackError.
 */
export function loadModelpack<Tasks extends TaskLabels = TaskLabels>(
  source: string | URL | Bytes | readonly Bytes[],
  options: LoadOptions<Tasks> = {},
): Promise<Modelpack<Tasks>> {
  if (typeof source === "string" || source instanceof URL) {
    const get = options.fetch ?? globalThis.fetch;
    return Modelpack.open(() => loadVersion((name) => download(get, source, name)), options);
  }
  const files = (Array.isArray(source) ? source : [source]) as readonly Bytes[];
  const views = files.map((file) => (file instanceof Uint8Array ? file : new Uint8Array(file)));
  return Modelpack.open(async (): Promise<Loaded> => loadFiles(views), options);
}

/** Fetches a file beside the manifest. A relative URL stays relative to the page, as fetch has it. */
async function download(
  get: typeof fetch,
  manifest: string | URL,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = String(manifest).replace(/[^/]*$/, "") + name;
  const response = await get(name === "manifest.json" ? String(manifest) : url);
  if (!response.ok)
    throw new ModelpackError("MODEL_MISSING", `${url}: the server answered ${response.status}`, {
      where: url,
      hint: "give the URL of the manifest.json of a version, with the model files beside it",
    });
  return new Uint8Array(await response.arrayBuffer());
}
