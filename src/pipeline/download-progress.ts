// SPDX-License-Identifier: Apache-2.0
import type { Reporter } from "../core/reporter.ts";

/** Adds up the bytes of all files that a run downloads, so that people see one total beside each file. */
export class DownloadProgress {
  readonly #reporter: Reporter;
  readonly #files = new Map<string, { done: number; total: number }>();
  #done = 0;
  #total = 0;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** Counts a file in the total before its first byte. */
  expect(file: string, total: number): void {
    if (this.#files.has(file)) return;
    this.#files.set(file, { done: 0, total });
    this.#total += total;
  }

  /** So many bytes of a file are here; may be fewer than before, where a download began again. */
  report(file: string, done: number, total: number): void {
    this.expect(file, total);
    this.#done += done - (this.#files.get(file)?.done ?? 0);
    this.#files.set(file, { done, total });
    this.#reporter.download(null, this.#done, this.#total);
    this.#reporter.download(file, done, total);
  }
}
