// SPDX-License-Identifier: Apache-2.0
import type { MadeType, RowFunction } from "./engine.ts";
import type { Format } from "./source.ts";

/** Columns that are added to rows, and what gives their values. */
export interface Annotation {
  /** Columns of the texts that the values follow from. */
  readonly texts: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: MadeType }[];
  readonly valuesOf: RowFunction;
}

/** Where the rows with their added columns go. */
export interface AnnotatedFile {
  readonly path: string;
  readonly format: Format;
  readonly gzip: boolean;
}
