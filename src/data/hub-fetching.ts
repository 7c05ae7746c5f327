// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { type Cached, contentPath, lookUp } from "./hub-cache.ts";
import type { HubClient } from "./hub-client.ts";
import type { HubDataset, HubFile } from "./hub-dataset.ts";
import { downloadFile } from "./hub-download.ts";
import { placeOfHub } from "./hub-error.ts";
import { countRows } from "./hub-rows.ts";
import { DOWNLOADS_ON, isOff } from "./hub-settings.ts";
import type { Pool } from "./pool.ts";
import { formatOf, type SourceFile } from "./source.ts";

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
  readonly #pin: HubDataset;
  readonly #pool: Pool;
  readonly #onProgress: OnFileBytes;
  #downloaded = 0;
  #cached = 0;
  #downloadedBytes = 0;

  constructor(client: HubClient, pin: HubDataset, pool: Pool, onProgress: OnFileBytes = () => undefined) {
    this.#client = client;
    this.#pin = pin;
    this.#pool = pool;
    this.#onProgress = onProgress;
  }

  get counts(): FetchCounts {
    return { downloaded: this.#downloaded, cached: this.#cached, downloadedBytes: this.#downloadedBytes };
  }

  /** All files, some at a time; the first that fails ends the others through `failed`. */
  async all(failed: AbortController): Promise<readonly SourceFile[]> {
    if (isOff(this.#client.settings)) return this.#allCached();
    const works = this.#pin.files.map(async (file) => {
      try {
        return await this.#pool(async () => (failed.signal.aborted ? null : this.#bring(file)));
      } catch (error) {
        failed.abort(error);
        return null;
      }
    });
    // All of them settle before this does: nothing writes to the cache when it has returned.
    const found = await Promise.all(works);
    if (failed.signal.aborted) throw failed.signal.reason;
    return found.filter((file) => file !== null);
  }

  /** The first files, one after the other, until they hold `rows` rows. */
  async head(rows: number, signal?: AbortSignal): Promise<readonly SourceFile[]> {
    const { datasetId, delimiter } = this.#pin;
    const found: SourceFile[] = [];
    let held = 0;
    for (const file of this.#pin.files) {
      if (held >= rows) break;
      const one = await this.#pool(() => this.#bring(file));
      found.push(one);
      // The last one need not be counted.
      if (found.length < this.#pin.files.length)
        held += await countRows({ dataset: datasetId, files: [one], delimiter }, signal);
    }
    return found;
  }

  /** The files that would be fetched; with `rows`, as many as are known to be needed for them. */
  async missing(rows: number | null, signal?: AbortSignal): Promise<readonly HubFile[]> {
    if (rows === null) return (await this.#lacking()).map(([file]) => file);
    try {
      await this.head(rows, signal);
      return [];
    } catch (error) {
      const next = this.#pin.files[this.#cached];
      if (next === undefined || !(error instanceof ModelpackError) || error.code !== "HUB_OFFLINE")
        throw error;
      return [next];
    }
  }

  async #bring(file: HubFile): Promise<SourceFile> {
    const { cacheDir } = this.#client.settings;
    this.#checkFormat(file);
    const cached = await lookUp(cacheDir, file);
    if (cached.state === "whole") return this.#took(file, cached.file);
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

  async #allCached(): Promise<readonly SourceFile[]> {
    const found: SourceFile[] = [];
    const lacking = await this.#lacking((file, cached) => found.push(this.#took(file, cached)));
    if (lacking.length > 0) throw this.#offline(lacking);
    return found;
  }

  /** The files that the cache has not, or not whole; `onWhole` is told of the others. */
  async #lacking(
    onWhole: (file: HubFile, cached: SourceFile) => void = () => undefined,
  ): Promise<readonly (readonly [HubFile, Cached["state"]])[]> {
    const lacking: [HubFile, Cached["state"]][] = [];
    for (const file of this.#pin.files) {
      this.#checkFormat(file);
      const cached = await lookUp(this.#client.settings.cacheDir, file);
      if (cached.state === "whole") onWhole(file, cached.file);
      else lacking.push([file, cached.state]);
    }
    return lacking;
  }

  #took(file: HubFile, cached: SourceFile): SourceFile {
    this.#cached++;
    this.#onProgress(file, file.bytes, file.bytes);
    return cached;
  }

  #offline(lacking: readonly (readonly [HubFile, Cached["state"]])[]): ModelpackError {
    const { cacheDir } = this.#client.settings;
    const names = lacking.map(([{ path, sha256 }, state]) => {
      if (state === "missing") return path;
      const at = sha256 === null ? "" : ` at ${contentPath(cacheDir, sha256, path)}`;
      return `${path} (damaged${at})`;
    });
    return new ModelpackError(
      "HUB_OFFLINE",
      `downloads are off, and ${names.length === 1 ? "a file of it is" : `${names.length} of its files are`} not in the cache: ${names.join(", ")}`,
      {
        where: placeOfHub({ datasetId: this.#pin.datasetId }),
        hint: DOWNLOADS_ON,
      },
    );
  }
}
