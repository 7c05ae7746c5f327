// SPDX-License-Identifier: Apache-2.0
import type { MadeType, RowFunction } from "./engine.ts";
import type { TableFormat } from "./table-files.ts";

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
  /** Of text, each row is a line: the first of the values that are added. */
  readonly format: TableFormat;
  readonly gzip: boolean;
}
