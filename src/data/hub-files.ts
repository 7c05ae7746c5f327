// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { isGlob, matchPath } from "./glob.ts";
import { fetchInfo, fetchTree, type HubInfo } from "./hub-api.ts";
import type { CardConfig } from "./hub-card.ts";
import type { HubClient } from "./hub-client.ts";
import type { HubFile, HubRequest } from "./hub-dataset.ts";
import { noFiles, noSuchConfig, noSuchSplit } from "./hub-layout.ts";
import { formatOf } from "./source.ts";

/** The branch of the Hub's automatic conversion to Parquet. */
export const CONVERSION = "refs/convert/parquet";

/** Patterns of a split: each looks at all files of the repository. */
const MAX_PATTERNS = 100;
/** What is about the data, as `datasets` leaves it out too: a pattern such as `**` means none of it. */
const NO_DATA = /(?:^|\/)(?:\.(?!\.)|__|README\.md$|config\.json$|dataset_(?:info|infos|dict)\.json$)/;

/** Where the rows of a config and split are. */
export interface HubSplit {
  readonly config: string;
  readonly ref: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** All files of the dataset's own commit. */
  readonly tree: readonly HubFile[];
}

/** Config to split to files. */
type Layout = ReadonlyMap<string, ReadonlyMap<string, readonly HubFile[]>>;

/**
 * The files of a config and split: those that the card's `configs` name where we read their format, else those of
 * the automatic conversion. Throws with the configs or splits that there are.
 */
export async function findSplit(
  client: HubClient,
  request: HubRequest,
  info: HubInfo,
  configs: readonly CardConfig[],
): Promise<HubSplit> {
  const tree = await fetchTree(client, info.datasetId, info.commit);
  const card = configs.filter(({ splits }) => splits !== null);
  const named = chosenConfig(request.config, configs, namesOf(card));
  const own = filesOf(card.find(({ name }) => name === named)?.splits?.get(request.split), tree);
  if (named !== null && own.length > 0 && isReadable(own))
    return { config: named, ref: request.revision, commit: info.commit, files: own, tree };

  const converted = await fetchConversion(client, info.datasetId);
  const layout: Layout = converted?.layout ?? new Map();
  const names = [...new Set([...namesOf(configs), ...layout.keys()])];
  if (names.length === 0) throw noFiles(info.datasetId, tree);
  const config = chosenConfig(request.config, configs, names);
  if (config === null) throw noSuchConfig(info.datasetId, request.config, names);
  const files = layout.get(config)?.get(request.split);
  if (converted !== null && files !== undefined)
    return { config, ref: CONVERSION, commit: converted.commit, files, tree };
  if (own.length > 0) throw notReadable(info.datasetId, own);
  const splits = [...(card.find(({ name }) => name === config)?.splits ?? [])]
    .filter(([, patterns]) => filesOf(patterns, tree).length > 0)
    .map(([split]) => split);
  const all = [...new Set([...splits, ...(layout.get(config)?.keys() ?? [])])];
  throw all.length === 0
    ? noFiles(info.datasetId, tree)
    : noSuchSplit(info.datasetId, config, request.split, all);
}

/** A config and the splits of it that have files which are read. */
export interface HubSplits {
  readonly config: string;
  /** In the order of the card, then of the conversion. */
  readonly splits: readonly string[];
}

/** The splits of a config; empty is the default one. Throws with the configs that there are. */
export async function findSplits(
  client: HubClient,
  asked: string,
  info: HubInfo,
  configs: readonly CardConfig[],
): Promise<HubSplits> {
  const tree = await fetchTree(client, info.datasetId, info.commit);
  const card = configs.filter(({ splits }) => splits !== null);
  const named = chosenConfig(asked, configs, namesOf(card));
  const own = [...(card.find(({ name }) => name === named)?.splits ?? [])]
    .filter(([, patterns]) => isReadable(filesOf(patterns, tree)))
    .map(([split]) => split);
  if (named !== null && own.length > 0) return { config: named, splits: own };
  const layout: Layout = (await fetchConversion(client, info.datasetId))?.layout ?? new Map();
  const names = [...new Set([...namesOf(configs), ...layout.keys()])];
  if (names.length === 0) throw noFiles(info.datasetId, tree);
  const config = chosenConfig(asked, configs, names);
  if (config === null) throw noSuchConfig(info.datasetId, asked, names);
  const splits = [...(layout.get(config)?.keys() ?? [])];
  if (splits.length === 0) throw noFiles(info.datasetId, tree);
  return { config, splits };
}

function namesOf(configs: readonly CardConfig[]): readonly string[] {
  return configs.map(({ name }) => name);
}

/** The files that patterns name, in the order of the patterns, then of paths. */
function filesOf(patterns: readonly string[] | undefined, tree: readonly HubFile[]): readonly HubFile[] {
  if (patterns === undefined) return [];
  const data = new Map(tree.filter(({ path }) => !NO_DATA.test(path)).map((file) => [file.path, file]));
  // A list of thousands of files is usual, one of thousands of patterns is not.
  if (patterns.filter(isGlob).length > MAX_PATTERNS) return [];
  const found = patterns.flatMap((pattern) => {
    const exact = data.get(pattern);
    if (exact !== undefined || !isGlob(pattern)) return exact === undefined ? [] : [exact];
    return [...data.values()].filter(({ path }) => matchPath(pattern, path));
  });
  return [...new Set(found)];
}

/** The config that is meant; null where there is none of that name, or no default among several. */
function chosenConfig(
  asked: string,
  configs: readonly CardConfig[],
  names: readonly string[],
): string | null {
  if (asked !== "") return names.includes(asked) ? asked : null;
  const marked = configs.find((config) => config.isDefault)?.name;
  if (marked !== undefined) return marked;
  if (names.includes("default")) return "default";
  return names.length === 1 ? (names[0] ?? null) : null;
}

function isReadable(files: readonly HubFile[]): boolean {
  const formats = new Set(files.map(({ path }) => formatOf(path)?.format));
  return formats.size === 1 && !formats.has(undefined);
}

function notReadable(datasetId: string, files: readonly HubFile[]): ModelpackError {
  const shown = files.slice(0, 3).map(({ path }) => path);
  return new ModelpackError(
    "SOURCE_UNSUPPORTED",
    `its files are of no one format that is read: ${shown.join(", ")}`,
    {
      where: `dataset ${JSON.stringify(datasetId)} on the Hub`,
      hint: 'the Hub made no Parquet of them: convert them yourself and use kind = "local"',
    },
  );
}

interface Conversion {
  readonly commit: string;
  readonly layout: Layout;
}

/** The automatic conversion; null where the Hub made none. */
async function fetchConversion(client: HubClient, datasetId: string): Promise<Conversion | null> {
  let commit: string;
  try {
    ({ commit } = await fetchInfo(client, datasetId, CONVERSION));
  } catch (error) {
    if (error instanceof ModelpackError && error.code === "HUB_MISSING") return null;
    throw error;
  }
  return { commit, layout: conversionLayout(await fetchTree(client, datasetId, commit)) };
}

/** Whether the Hub converted only the first part of a split, as it does with datasets over 5 GB. */
export function isPartial({ ref, files }: HubSplit): boolean {
  return ref === CONVERSION && files.some(({ path }) => /^[^/]+\/partial-/.test(path));
}

// `config/split/0000.parquet`; of a dataset over 5 GB the first part alone, as `config/partial-split/…`.
function conversionLayout(tree: readonly HubFile[]): Layout {
  const layout = new Map<string, Map<string, HubFile[]>>();
  for (const file of tree) {
    const [, config, split] = /^([^/]+)\/(?:partial-)?([^/]+)\/\d+\.parquet$/.exec(file.path) ?? [];
    if (config === undefined || split === undefined) continue;
    const splits = layout.get(config) ?? new Map<string, HubFile[]>();
    layout.set(config, splits);
    splits.set(split, [...(splits.get(split) ?? []), file]);
  }
  return layout;
}
