// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";

/** A dataset as a test writes it: what the Hub would have of it. */
export interface HubFixture {
  /** `owner/name`. */
  readonly id: string;
  /** The card's front matter, as the Hub's API gives it (`cardData`). */
  readonly card?: Readonly<Record<string, unknown>> | undefined;
  /** The files on `main`. README.md is not needed: the card stands above. */
  readonly files?: Readonly<Record<string, Buffer | string>>;
  /** The automatic conversion, config to split to files; absent where the Hub made none. */
  readonly parquet?: Readonly<Record<string, Readonly<Record<string, readonly Buffer[]>>>>;
  readonly gated?: "auto" | "manual";
  readonly isPrivate?: boolean;
  /** The dataset was renamed: requests for `id` are redirected to this one. */
  readonly movedTo?: string;
}

/** A file of a commit. */
export interface HubBlob {
  readonly bytes: Buffer;
  /** Git's object id of the file, or of its LFS pointer. */
  readonly oid: string;
  /** Of a file in LFS. */
  readonly lfs: { readonly sha256: string; readonly pointer: Buffer } | null;
}

export type HubTree = ReadonlyMap<string, HubBlob>;

/** What .gitattributes of a dataset sends to LFS, as the Hub writes it; large files of any name go there too. */
const LFS_NAME = /\.(?:parquet|arrow|gz|zip|zst|bin)$/;
const LFS_BYTES = 10_000_000;

export function sha1(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Git's object id of a file. */
export function gitBlob(bytes: Buffer): string {
  return sha1(`blob ${bytes.length}\0`, bytes);
}

function blobOf(path: string, content: Buffer | string): HubBlob {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  if (!LFS_NAME.test(path) && bytes.length <= LFS_BYTES) return { bytes, oid: gitBlob(bytes), lfs: null };
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const pointer = Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${bytes.length}\n`,
  );
  return { bytes, oid: gitBlob(pointer), lfs: { sha256, pointer } };
}

export function treeOf(files: Readonly<Record<string, Buffer | string>>): HubTree {
  return new Map(Object.entries(files).map(([path, content]) => [path, blobOf(path, content)]));
}

export const CONVERSION = "refs/convert/parquet";

/** A dataset's repository: commits by their id, and branches. */
export class HubRepository {
  readonly id: string;
  readonly gated: "auto" | "manual" | false;
  readonly isPrivate: boolean;
  readonly movedTo: string | null;
  readonly parquet: HubFixture["parquet"];
  readonly #commits = new Map<string, { readonly tree: HubTree; readonly card: HubFixture["card"] }>();
  readonly #branches = new Map<string, string>();

  constructor(fixture: HubFixture) {
    this.id = fixture.id;
    this.gated = fixture.gated ?? false;
    this.isPrivate = fixture.isPrivate ?? false;
    this.movedTo = fixture.movedTo ?? null;
    this.parquet = fixture.parquet;
    this.commit(fixture.files ?? {}, fixture.card);
    if (fixture.parquet !== undefined) this.commit(conversion(fixture.parquet), undefined, CONVERSION);
  }

  /** Makes a commit of these files, which are all of it, the branch's newest; returns its id. */
  commit(
    files: Readonly<Record<string, Buffer | string>>,
    card: HubFixture["card"],
    branch = "main",
  ): string {
    const tree = treeOf({ ".gitattributes": "*.parquet filter=lfs\n", "README.md": "# Card\n", ...files });
    const oids = [...tree].map(([path, { oid }]) => `${path}\0${oid}\n`);
    const id = sha1(this.id, branch, JSON.stringify(card ?? null), ...oids);
    this.#commits.set(id, { tree, card });
    this.#branches.set(branch, id);
    return id;
  }

  /** The id of the commit that a branch or commit id names. */
  resolve(revision: string): string | undefined {
    const name = revision === "HEAD" ? "main" : revision;
    return this.#branches.get(name) ?? (this.#commits.has(name) ? name : undefined);
  }

  tree(commit: string): HubTree {
    return this.#commits.get(commit)?.tree ?? new Map();
  }

  card(commit: string): HubFixture["card"] {
    return this.#commits.get(commit)?.card;
  }
}

function conversion(parquet: NonNullable<HubFixture["parquet"]>): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (const [config, splits] of Object.entries(parquet))
    for (const [split, shards] of Object.entries(splits))
      for (const [i, bytes] of shards.entries())
        files[`${config}/${split}/${String(i).padStart(4, "0")}.parquet`] = bytes;
  return files;
}
