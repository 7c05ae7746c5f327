// SPDX-License-Identifier: Apache-2.0
import type { Delimiter } from "../config/form.ts";

/** What a `[[datasets]]` of kind `huggingface` asks for. */
export interface HubRequest {
  /** The dataset's name in the config. */
  readonly name: string;
  /** On the Hub: `owner/name`, or `name`. */
  readonly datasetId: string;
  /** Empty is the default one. */
  readonly config: string;
  readonly split: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** With `head`, only the files that hold the first `maxRows` rows are fetched. */
  readonly sample: "hash" | "head";
  readonly maxRows: number;
  /** Between the columns of CSV files, where it is not what their names say. */
  readonly delimiter?: Delimiter | undefined;
}

/** A file of a commit; one of `sha256` and `blob` is always there. */
export interface HubFile {
  /** In the dataset's repository, parts joined by `/`. */
  readonly path: string;
  readonly bytes: number;
  /** 64 hex digits, of a file in LFS or of one that was fetched once; else null. */
  readonly sha256: string | null;
  /** Git's digest of a file that is not in LFS, 40 hex digits; else null. */
  readonly blob: string | null;
}

/** A dataset of the Hub, pinned: everything that says which bytes its rows come from, and how they are read. */
export interface HubPin {
  /** The Hub's own spelling; after a rename, the new one. */
  readonly datasetId: string;
  /** The one that was asked for, or the name of the default one. */
  readonly config: string;
  readonly split: string;
  /** What the commit was found by: the revision asked for, or `refs/convert/parquet`. */
  readonly ref: string;
  /** The commit of `ref`, 40 hex digits: where the files are. */
  readonly commit: string;
  /** In the order in which they are read; all of the split, also where `head` needs the first alone. */
  readonly files: readonly HubFile[];
  /** By column, the names of classes that stand as numbers; Parquet files may say it themselves. */
  readonly classLabels: ReadonlyMap<string, readonly string[]>;
  /** As the card says it. */
  readonly license: string | null;
}

/** A pinned dataset and how much of it is wanted. */
export interface HubDataset extends HubPin {
  /** The first rows that are wanted, which the first files may hold; null: all. */
  readonly headRows: number | null;
  /** Of CSV files: what their rows are counted with. */
  readonly delimiter?: Delimiter | undefined;
}
