// SPDX-License-Identifier: Apache-2.0
import type { Reporter } from "../core/reporter.ts";

/** Adds up the bytes of all files that a run downloads, so that people see one total beside each file. */
export class DownloadProgress {
  readonly #reporter: Reporter;
  readonly #total: number;
  readonly #done = new Map<string, number>();
  #sum = 0;

  /** @param total bytes of all files */
  constructor(reporter: Reporter, total: number) {
    this.#reporter = reporter;
    this.#total = total;
  }

  /** So many bytes of a file are here; may be fewer than before, where a download began again. */
  report(file: string, bytes: number, total: number): void {
    this.#sum += bytes - (this.#done.get(file) ?? 0);
    this.#done.set(file, bytes);
    this.#reporter.download(null, Math.min(this.#sum, this.#total), this.#total);
    this.#reporter.download(file, bytes, total);
  }
}
