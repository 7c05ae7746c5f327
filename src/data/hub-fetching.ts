// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { type Cached, contentPath, lookUp } from "./hub-cache.ts";
import type { HubClient } from "./hub-client.ts";
import type { HubFile, HubPin } from "./hub-dataset.ts";
import { downloadFile } from "./hub-download.ts";
import { placeOfHub } from "./hub-error.ts";
import { countRows } from "./hub-rows.ts";
import { isOff } from "./hub-settings.ts";
import { formatOf, type SourceFile } from "./source.ts";

/** Missing files that a message names; each is one line of a terminal. */
const MAX_NAMED = 1000;

export interface FetchCounts {
  /** Files that came from the Hub. */
  readonly downloaded: number;
  /** Files that were in the cache, and whole. */
  readonly cached: number;
  readonly downloadedBytes: number;
}

export type OnFileBytes = (file: HubFile, bytes: number, total: number) => void;

/** Brings the files of one dataset here, from the cache or from the Hub. */
export class Fetching {
  readonly #client: HubClient;
  readonly #pin: HubPin;
  readonly #onProgress: OnFileBytes;
  #downloaded = 0;
  #cached = 0;
  #downloadedBytes = 0;

  constructor(client: HubClient, pin: HubPin, onProgress: OnFileBytes = () => undefined) {
    this.#client = client;
    this.#pin = pin;
    this.#onProgress = onProgress;
  }

  get counts(): FetchCounts {
    return { downloaded: this.#downloaded, cached: this.#cached, downloadedBytes: this.#downloadedBytes };
  }

  /** All files, some at a time; the first that fails ends the others through `failed`. */
  async all(concurrency: number, failed: AbortController): Promise<readonly SourceFile[]> {
    const { files } = this.#pin;
    if (isOff(this.#client.settings)) await this.#checkCached();
    const found = new Map<number, SourceFile>();
    const queue = files.entries();
    const work = async (): Promise<void> => {
      for (const [i, file] of queue) found.set(i, await this.#bring(file));
    };
    const workers = Array.from({ length: Math.min(concurrency, files.length) }, work);
    // All of them settle before this does: nothing writes to the cache when it has returned.
    for (const worker of workers) worker.catch(() => failed.abort());
    const first = await Promise.all(workers).catch((error: unknown) => error);
    await Promise.allSettled(workers);
    if (first instanceof Error) throw first;
    return files.map((_, i) => found.get(i)).filter((file) => file !== undefined);
  }

  /** The first files, one after the other, until they hold `rows` rows. */
  async head(rows: number, signal?: AbortSignal): Promise<readonly SourceFile[]> {
    const found: SourceFile[] = [];
    let held = 0;
    for (const file of this.#pin.files) {
      if (held >= rows) break;
      const one = await this.#bring(file);
      found.push(one);
      // The last one need not be counted.
      if (found.length < this.#pin.files.length)
        held += await countRows({ dataset: this.#pin.datasetId, files: [one] }, signal);
    }
    return found;
  }

  async #bring(file: HubFile): Promise<SourceFile> {
    const { cacheDir } = this.#client.settings;
    this.#checkFormat(file);
    const cached = await lookUp(cacheDir, file);
    if (cached.state === "whole") {
      this.#cached++;
      this.#onProgress(file, file.bytes, file.bytes);
      return cached.file;
    }
    if (isOff(this.#client.settings)) throw this.#offline([[file, cached.state]]);
    const fetched = await downloadFile(this.#client, this.#pin, file, (bytes) =>
      this.#onProgress(file, bytes, file.bytes),
    );
    this.#downloaded++;
    this.#downloadedBytes += file.bytes;
    this.#onProgress(file, file.bytes, file.bytes);
    return fetched;
  }

  // A lock may name any file.
  #checkFormat({ path }: HubFile): void {
    if (formatOf(path) !== undefined) return;
    throw new ModelpackError("SOURCE_UNSUPPORTED", `${path} is of no format that is read`, {
      where: placeOfHub({ datasetId: this.#pin.datasetId, file: path }),
    });
  }

  async #checkCached(): Promise<void> {
    const lacking: [HubFile, Cached["state"]][] = [];
    for (const file of this.#pin.files) {
      const { state } = await lookUp(this.#client.settings.cacheDir, file);
      if (state !== "whole") lacking.push([file, state]);
    }
    if (lacking.length > 0) throw this.#offline(lacking);
  }

  #offline(lacking: readonly (readonly [HubFile, Cached["state"]])[]): ModelpackError {
    const { cacheDir } = this.#client.settings;
    const names = lacking.slice(0, MAX_NAMED).map(([{ path, sha256 }, state]) => {
      if (state === "missing") return path;
      const at = sha256 === null ? "" : ` at ${contentPath(cacheDir, sha256, path)}`;
      return `${path} (damaged${at})`;
    });
    const more = lacking.length > MAX_NAMED ? `, and ${lacking.length - MAX_NAMED} more` : "";
    return new ModelpackError(
      "HUB_OFFLINE",
      `downloads are off, and ${lacking.length} of its files are not in the cache: ${names.join(", ")}${more}`,
      {
        where: placeOfHub({ datasetId: this.#pin.datasetId }),
        hint: "run once with the network, without HF_HUB_OFFLINE and --disable-download",
      },
    );
  }
}
