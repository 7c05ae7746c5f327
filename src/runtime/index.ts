// SPDX-License-Identifier: Apache-2.0
// The door for browsers, workers and edge runtimes: no dependency, no import of Node.
import { ModelpackError } from "../core/error.ts";
import { corrupt } from "../modelpack/corrupt.ts";
import { isText, Modelpack, type OpenOptions, type TaskLabels } from "../modelpack/modelpack.ts";
import { loadFiles, loadVersion, type ReadFile } from "./load.ts";

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

/** What is used of a response: that of the global `fetch` has it, and more. */
export interface FetchedFile {
  readonly ok: boolean;
  readonly status: number;
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** How a pack is opened from a URL or from bytes. */
export interface LoadOptions<Tasks extends TaskLabels = TaskLabels> extends OpenOptions<Tasks> {
  /** Instead of the global `fetch`. */
  readonly fetch?: (url: string) => Promise<FetchedFile>;
}

type Bytes = Uint8Array | ArrayBuffer;
/** A `URL`; its type is the platform's, which a project's types may lack. */
type Address = { readonly href: string };

/**
 * Opens a pack from the bytes of its family files, or from the URL of a version's `manifest.json`.
 *
 * Never rejects for a missing or broken pack: predictions then come from defaults, and `status()` says what
 * is wrong. With `{ strict: true }` it rejects with a ModelpackError.
 *
 * @param source a URL, absolute or relative to the page; or the bytes of one `*_model.safetensors` or several, which
 *   must not change afterwards
 * @throws ModelpackError with `strict` alone: MODEL_MISSING, MODEL_CORRUPT, MODEL_TOO_NEW, MODEL_TOO_OLD, STORAGE
 */
export function loadModelpack<Tasks extends TaskLabels = TaskLabels>(
  source: string | Address | Bytes | readonly Bytes[],
  options: LoadOptions<NoInfer<Tasks>> = {},
): Promise<Modelpack<Tasks>> {
  const manifest = isText(source) ? source : (source as Partial<Address> | null)?.href;
  if (isText(manifest)) {
    const get = options?.fetch ?? globalThis.fetch;
    return Modelpack.open(
      () => loadVersion((name, most, room) => download(get, urlOf(manifest, name), most, room), null),
      options,
    );
  }
  const files = (Array.isArray(source) ? source : [source]) as readonly Bytes[];
  return Modelpack.open(
    async () => loadFiles(files.map((file) => (file instanceof Uint8Array ? file : new Uint8Array(file)))),
    options,
  );
}

/** URL of a file beside the manifest; a relative one stays relative to the page, as fetch has it. */
function urlOf(manifest: string, name: string): string {
  if (name === "manifest.json") return manifest;
  return manifest.replace(/[?#].*$/s, "").replace(/[^/]*$/, "") + name;
}

async function download(
  get: (url: string) => Promise<FetchedFile>,
  url: string,
  most: number,
  room: Parameters<ReadFile>[2],
): Promise<Uint8Array<ArrayBuffer>> {
  const missing = (problem: string, cause?: unknown) =>
    new ModelpackError("MODEL_MISSING", `${url}: ${problem}`, {
      where: url,
      hint: "give the URL of the manifest.json of a version, with the model files beside it",
      cause,
    });
  try {
    const response = await get(url);
    if (!response.ok) throw missing(`the server answered ${response.status}`);
    return await body(response, url, most, room);
  } catch (error) {
    if (error instanceof ModelpackError) throw error;
    throw missing(`not received (${reasonOf(error)})`, error);
  }
}

/** What stands behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}

// A server decides how much it sends, so what is held is bounded while it comes.
async function body(
  response: FetchedFile,
  url: string,
  most: number,
  room: Parameters<ReadFile>[2],
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (part?.value === undefined) break;
    size += part.value.length;
    chunks.push(part.value);
    if (size <= most) continue;
    await reader?.cancel();
    throw corrupt(url, `more than the ${most} bytes expected`);
  }
  const bytes = room?.(size) ?? new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
