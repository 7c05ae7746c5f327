// SPDX-License-Identifier: Apache-2.0

export interface Bar {
  readonly id: string;
  readonly what: string;
  readonly bar: string;
  readonly measured: string;
  readonly ratio?: string;
  /** Null where nothing was measured. */
  readonly met: boolean | null;
}

/** By part, what its steps measured. */
export type Results = Readonly<Record<string, { readonly steps: Readonly<Record<string, object>> }>>;

export function allBars(results: Results): Bar[];
/** By id of a bar, why it is missed, and of which measured value that was said. */
export type Reasons = Readonly<Record<string, { readonly of: string; readonly why: string }>>;

export function numbersSection(results: Results, reasons?: Reasons): string;
