// SPDX-License-Identifier: Apache-2.0

/** How far the LLM has come with the rows that lack, of one (task, label) or of all. */
export interface FillProgress {
  /** Rows accepted in this fill, and rows that lacked at its start. */
  readonly done: number;
  readonly total: number;
  /** Items that came, accepted or not. */
  readonly received: number;
  readonly rowsPerSecond: number;
  readonly tokens: number;
  /** Null without prices. */
  readonly dollars: number | null;
  /** Null where it can't be told yet. */
  readonly secondsLeft: number | null;
}

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
  /**
   * Progress of the backfill: of the (task, label) that `label` names, or of all of them where it is null; then
   * it says how many seconds are between two lines where there is no terminal. Called often: keep it cheap.
   */
  fill(label: string | null, progress: FillProgress, everySeconds: number): void;
}

/** A reporter that keeps everything to itself. */
export const silentReporter: Reporter = { note() {}, warn() {}, progress() {}, download() {}, fill() {} };
