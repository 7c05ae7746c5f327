// SPDX-License-Identifier: Apache-2.0

/** How a stage talks to whoever started it. A library prints nothing by itself. */
export interface Reporter {
  /** One line that a person wants to read: a step and its counts. */
  note(message: string): void;
  /** Something is not as asked, and the run goes on. */
  warn(message: string): void;
  /** Progress of a long step; `total` is null where it is not known. Called often: keep it cheap. */
  progress(step: string, done: number, total: number | null): void;
  /**
   * Bytes of one of several files that come at a time, or of all of them where `file` is null; `done` equal
   * to `total` ends it. Called often: keep it cheap.
   */
  download(file: string | null, done: number, total: number): void;
}

export const silentReporter: Reporter = { note() {}, warn() {}, progress() {}, download() {} };
