// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { basename, relative, resolve, sep } from "node:path";
import { HUB_NAME } from "../config/form.ts";
import { hubName } from "../config/source.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { checkText } from "../data/binary-check.ts";
import { roleOfFile, roleOfSplit } from "../data/column-roles.ts";
import { withFoundDelimiter } from "../data/delimiter.ts";
import { isGlob } from "../data/glob.ts";
import { downloadHubFiles, hubSettings, listHubSplits, resolveHubDataset } from "../data/hub.ts";
import { checkedSource, formatOf, resolveLocalSource, type Source } from "../data/source.ts";
import { DownloadProgress } from "./download-progress.ts";

/** A part of what a pipeline is made for: files of one role, or one split of a dataset of the Hub. */
export interface InitPart {
  readonly role: "train" | "test" | "eval";
  readonly source: Source;
  /** As `[[datasets]]` names it. */
  readonly from:
    | { readonly paths: readonly string[] }
    | { readonly datasetId: string; readonly config: string; readonly split: string };
  readonly license: string;
}

export interface InitSources {
  /** What names are made of: `reviews` of reviews-train.csv, `banking77` of PolyAI/banking77. */
  readonly stem: string;
  /** The first is the one whose columns are looked at. */
  readonly parts: readonly InitPart[];
  /** Splits of the Hub that no role is known for. */
  readonly unused: readonly string[];
}

export interface InitRequest {
  /** Files, globs, or one dataset of the Hub: its name, or its page's address. */
  readonly sources: readonly string[];
  /** What paths of `sources` are relative to. */
  readonly here: string;
  /** Where the config will be. */
  readonly folder: string;
  /** The Hub's configuration; empty is the default one. */
  readonly hubConfig: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** The dataset of the Hub that a source names; null for files. */
export function hubIdOf(source: string, here: string): string | null {
  const page = hubName({ link: source });
  if (page !== undefined) return page;
  if (existsSync(resolve(here, source)) || isGlob(source) || formatOf(source) !== undefined) return null;
  return HUB_NAME.test(source) && !/\.[a-z0-9]{1,5}$/i.test(source) ? source : null;
}

/**
 * Finds the files of a request; those of the Hub are brought into the cache beside the config, where
 * `prepare` finds them.
 *
 * Throws USAGE, and the SOURCE_ and HUB_ codes of what it looks for.
 */
export async function findSources(request: InitRequest, reporter: Reporter): Promise<InitSources> {
  const { sources, here } = request;
  const ids = sources.map((source) => hubIdOf(source, here));
  const [id] = ids;
  if (id === undefined)
    throw new ModelpackError("USAGE", "no file and no dataset is named", {
      hint: "modelpack init rows.csv, or modelpack init owner/dataset",
    });
  if (id === null && ids.every((one) => one === null)) return localSources(request);
  if (id === null || sources.length > 1)
    throw new ModelpackError(
      "USAGE",
      `one dataset of the Hub at a time, or files; got ${sources.join(" ")}`,
      {
        hint: "make a pipeline of the first, then add [[datasets]] for the others",
      },
    );
  return hubSources(id, request, reporter).catch((error: unknown) => {
    throw error instanceof ModelpackError && error.code.startsWith("HUB_") ? orFile(error, id) : error;
  });
}

/** What looks like a dataset's name may have been meant as a file's. */
function orFile({ code, message, where, hint }: ModelpackError, id: string): ModelpackError {
  const file = `if you meant a file: there is none called ${id} here`;
  return new ModelpackError(code, message, { where, hint: hint === undefined ? file : `${hint}; ${file}` });
}

async function localSources({ sources, here, folder }: InitRequest): Promise<InitSources> {
  const source = await resolveLocalSource({ name: sources.join(" "), path: sources }, here);
  await checkText(source);
  const roles = source.files.map(({ name }) => roleOfFile(name) ?? "train");
  const isSplit = roles.includes("train") && new Set(roles).size > 1;
  const stem = stemOf(source.files[0]?.name ?? "");
  const path = (file: string) => relative(folder, file).split(sep).join("/");
  if (!isSplit) {
    // The glob itself, so that files which come later belong to it.
    const paths = sources.map((one) => path(resolve(here, one)));
    const whole = await withFoundDelimiter(source);
    return { stem, parts: [{ role: "train", source: whole, from: { paths }, license: "" }], unused: [] };
  }
  const parts: InitPart[] = [];
  for (const role of ["train", "test", "eval"] as const) {
    const files = source.files.filter((_, i) => roles[i] === role);
    if (files.length === 0) continue;
    const paths = files.map((file) => path(file.path));
    const part = await withFoundDelimiter(checkedSource(role, files));
    parts.push({ role, source: part, from: { paths }, license: "" });
  }
  return { stem, parts, unused: [] };
}

/** A file's name without its ending and without the word for its split. */
function stemOf(name: string): string {
  const bare = basename(name)
    .replace(/\.gz$/i, "")
    .replace(/\.[^.]*$/, "");
  const words = bare.split(/[-_. ]+/).filter((word) => roleOfSplit(word) === null && !/^\d*$/.test(word));
  return words.join("_");
}

async function hubSources(datasetId: string, request: InitRequest, reporter: Reporter): Promise<InitSources> {
  const { environment, folder, hubConfig, signal } = request;
  const settings = hubSettings(environment, { cacheDir: resolve(folder, "datasets"), download: true });
  const options = { signal, note: (message: string) => reporter.note(`note: ${message}`) };
  const listed = await listHubSplits({ datasetId, config: hubConfig, revision: "main" }, settings, options);
  const roles = listed.splits.map((split, i) => {
    // Where none is called train, the first is what there is.
    const hasTrain = listed.splits.some((one) => roleOfSplit(one) === "train");
    return { split, role: roleOfSplit(split) ?? (i === 0 && !hasTrain ? ("train" as const) : null) };
  });
  const progress = new DownloadProgress(reporter);
  const parts: InitPart[] = [];
  for (const { split, role } of roles) {
    if (role === null) continue;
    const asked = {
      name: split,
      datasetId,
      config: hubConfig,
      split,
      revision: "main",
      sample: "hash",
      maxRows: 0,
    } as const;
    const found = await resolveHubDataset(asked, settings, options);
    for (const { path, bytes } of found.files) progress.expect(`${split}/${path}`, bytes);
    const { files, dataset } = await downloadHubFiles(found, settings, {
      ...options,
      onProgress: ({ path }, done, total) => progress.report(`${split}/${path}`, done, total),
    });
    const whole = { ...checkedSource(split, files), classLabels: dataset.classLabels };
    const source = await withFoundDelimiter(whole);
    const from = { datasetId: dataset.datasetId, config: hubConfig, split };
    parts.push({ role, source, from, license: dataset.license ?? "" });
  }
  const unused = roles.filter(({ role }) => role === null).map(({ split }) => split);
  const order = ["train", "test", "eval"];
  parts.sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
  return { stem: datasetId.slice(datasetId.indexOf("/") + 1), parts, unused };
}
