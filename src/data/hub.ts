// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { safeName } from "../storage/path.ts";
import { fetchInfo, fetchText, type HubInfo } from "./hub-api.ts";
import { readResolved, writeResolved } from "./hub-cache.ts";
import { cardConfigs, cardLabels, cardLicense, infosLabels } from "./hub-card.ts";
import { type ClientOptions, HubClient } from "./hub-client.ts";
import type { HubDataset, HubFile, HubPin, HubRequest } from "./hub-dataset.ts";
import { placeOfHub } from "./hub-error.ts";
import { type FetchCounts, Fetching } from "./hub-fetching.ts";
import { CONVERSION, findSplit, findSplits, type HubSplit, type HubSplits, isPartial } from "./hub-files.ts";
import { DOWNLOADS_ON, type HubSettings, isOff } from "./hub-settings.ts";
import { makePool, type Pool } from "./pool.ts";
import { checkDelimiter, formatOf, type SourceFile } from "./source.ts";

/** Where the class names of datasets are that are older than the front matter of cards. */
const INFOS = "dataset_infos.json";
/** It describes the columns of each config: a thousand configs are a few megabytes. */
const MAX_INFOS_BYTES = 1 << 24;

export type { HubDataset, HubFile, HubPin, HubRequest } from "./hub-dataset.ts";
export { type HubSettings, hubSettings } from "./hub-settings.ts";

/** Files that come at a time: more gain nothing on one line, and the Hub counts requests. */
export const CONCURRENCY = 4;

export interface ResolveOptions extends ClientOptions {
  /** What a lock says: nothing is asked of the Hub, and this is what is fetched. */
  readonly pinned?: HubPin | undefined;
  /** False leaves the cache as it is. */
  readonly remember?: boolean;
}

/**
 * Finds the commit and the files of a dataset's config and split, and the names of its classes. What it
 * finds is remembered in the cache, which answers when downloads are off.
 *
 * Throws HUB_MISSING (no such dataset, revision, config or split; those that there are, are listed),
 * HUB_DENIED (gated, or a token that is not accepted), HUB_UNREACHABLE, HUB_OFFLINE (downloads are off and
 * the cache does not know), HUB_MISMATCH (names of classes that are not what was listed), SOURCE_EMPTY, SOURCE_UNSUPPORTED (a script,
 * no format that is read, or a delimiter for what is no CSV) and PATH_UNSAFE.
 */
export async function resolveHubDataset(
  request: HubRequest,
  settings: HubSettings,
  options: ResolveOptions = {},
): Promise<HubDataset> {
  const pin = options.pinned ?? (await resolve(request, settings, options));
  checkPaths(pin);
  checkDelimiter(
    request,
    pin.files.flatMap(({ path }) => {
      const kind = formatOf(path);
      return kind === undefined ? [] : [{ name: path, format: kind.format }];
    }),
  );
  const headRows = request.sample === "head" ? request.maxRows : null;
  return { ...pin, headRows, delimiter: request.delimiter };
}

/**
 * Asks the Hub which splits a config of a dataset has; an empty config is the default one.
 *
 * Throws as {@link resolveHubDataset} does.
 */
export async function listHubSplits(
  { datasetId, config, revision }: Pick<HubRequest, "datasetId" | "config" | "revision">,
  settings: HubSettings,
  options: ClientOptions = {},
): Promise<HubSplits> {
  if (isOff(settings))
    throw new ModelpackError(
      "HUB_OFFLINE",
      "which splits a dataset has is asked of the Hub, and downloads are off",
      {
        where: placeOfHub({ datasetId }),
        hint: DOWNLOADS_ON,
      },
    );
  const client = new HubClient(settings, options);
  const info = await fetchInfo(client, datasetId, revision);
  return findSplits(client, config, info, cardConfigs(info.card));
}

/** A name never becomes a path here, but it is in messages, in the lock and in addresses. */
function checkPaths({ datasetId, files }: HubPin): void {
  for (const { path } of files) {
    try {
      path.split("/").map(safeName);
    } catch (cause) {
      throw new ModelpackError("PATH_UNSAFE", cause instanceof Error ? cause.message : String(cause), {
        where: placeOfHub({ datasetId, file: path.slice(0, 200) }),
        hint: "a dataset with such a file is not fetched: tell its owner, or use another revision",
        cause,
      });
    }
  }
}

async function resolve(request: HubRequest, settings: HubSettings, options: ResolveOptions): Promise<HubPin> {
  const { cacheDir, endpoint } = settings;
  if (isOff(settings)) {
    const known = await readResolved(cacheDir, endpoint, request);
    if (known !== null) return known;
    throw new ModelpackError(
      "HUB_OFFLINE",
      `split ${JSON.stringify(request.split)} of the dataset was never fetched into ${cacheDir}, and downloads are off`,
      {
        where: placeOfHub(request),
        hint: DOWNLOADS_ON,
      },
    );
  }
  const client = new HubClient(settings, options);
  const info = await fetchInfo(client, request.datasetId, request.revision);
  if (info.datasetId !== request.datasetId)
    options.note?.(
      `the dataset ${request.datasetId} is now called ${info.datasetId}: set dataset_id to that`,
    );
  const split = await findSplit(client, request, info, cardConfigs(info.card));
  if (split.ref === CONVERSION && request.revision !== "main")
    options.note?.(
      `${request.datasetId}: revision ${request.revision} has no files that are read, so they come from the Hub's conversion of main`,
    );
  if (isPartial(split))
    options.note?.(
      `${info.datasetId}: the Hub converted only the first part of this split, and no file of its own is read: the rest is left out`,
    );
  const { config, ref, commit, files } = split;
  const pin: HubPin = {
    datasetId: info.datasetId,
    config,
    split: request.split,
    ref,
    commit,
    files,
    classLabels: await findLabels(client, info, split),
    license: cardLicense(info.card),
  };
  if (options.remember ?? true) await writeResolved(cacheDir, endpoint, request, pin);
  return pin;
}

async function findLabels(
  client: HubClient,
  info: HubInfo,
  split: HubSplit,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const labels = cardLabels(info.card, split.config);
  const infos = split.tree.find(({ path }) => path === INFOS);
  if (labels.size > 0 || infos === undefined || infos.bytes > MAX_INFOS_BYTES) return labels;
  return infosLabels(await fetchText(client, info.datasetId, info.commit, infos), split.config);
}

export interface DownloadOptions extends ClientOptions {
  /** Bytes of a file that are there, of all of its bytes; called often. */
  readonly onProgress?: ((file: HubFile, bytes: number, total: number) => void) | undefined;
  /** In which files come; several datasets may share it. Of four places where none is given. */
  readonly pool?: Pool;
}

/** What a dataset's files are on this machine, and how the download went. */
export interface HubDownload extends FetchCounts {
  /** What was asked for, now with the sha256 of every file that was used. */
  readonly dataset: HubDataset;
  /** The files that hold the wanted rows: the first `files.length` of the dataset's. */
  readonly files: readonly SourceFile[];
  /** Attempts that were repeated. */
  readonly retries: number;
  readonly redirects: number;
  readonly seconds: number;
}

/**
 * Brings the files of a dataset into the cache and digests each, whether it came now or before. With
 * `headRows`, one file after the other until there are as many rows.
 *
 * Throws HUB_OFFLINE with every missing file when downloads are off, HUB_MISMATCH where the bytes are not
 * those that were pinned, and what {@link resolveHubDataset} throws. What was fetched stays for the next run.
 */
export async function downloadHubFiles(
  dataset: HubDataset,
  settings: HubSettings,
  options: DownloadOptions = {},
): Promise<HubDownload> {
  checkPaths(dataset);
  const started = performance.now();
  const failed = new AbortController();
  const signals = [failed.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const client = new HubClient(settings, { ...options, signal: AbortSignal.any(signals) });
  const fetching = new Fetching(client, dataset, options.pool ?? makePool(CONCURRENCY), options.onProgress);
  const files =
    dataset.headRows === null
      ? await fetching.all(failed)
      : await fetching.head(dataset.headRows, options.signal);
  const digests = new Map(files.map((file, i) => [dataset.files[i], file.sha256]));
  const pinned = dataset.files.map((file) => ({ ...file, sha256: digests.get(file) ?? file.sha256 }));
  return {
    dataset: { ...dataset, files: pinned },
    files,
    ...fetching.counts,
    retries: client.retries,
    redirects: client.redirects,
    seconds: (performance.now() - started) / 1000,
  };
}

/**
 * The files that {@link downloadHubFiles} would fetch, or fetch again; asks nobody and writes nothing. With
 * `headRows` the first of them: how many more are needed is known when it is here.
 */
export function missingHubFiles(
  dataset: HubDataset,
  settings: HubSettings,
  options: DownloadOptions = {},
): Promise<readonly HubFile[]> {
  const client = new HubClient({ ...settings, download: false }, options);
  const fetching = new Fetching(client, dataset, options.pool ?? makePool(CONCURRENCY));
  return fetching.missing(dataset.headRows, options.signal);
}
