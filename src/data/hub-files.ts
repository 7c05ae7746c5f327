// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { matchPath } from "./glob.ts";
import { fetchInfo, fetchTree, type HubInfo } from "./hub-api.ts";
import type { CardConfig } from "./hub-card.ts";
import type { HubClient } from "./hub-client.ts";
import type { HubFile, HubRequest } from "./hub-dataset.ts";
import { noFiles, noSuchConfig, noSuchSplit } from "./hub-layout.ts";
import { formatOf } from "./source.ts";

/** The branch of the Hub's automatic conversion to Parquet. */
export const CONVERSION = "refs/convert/parquet";

/** What is about the data, as `datasets` leaves it out too: a pattern such as `**` means none of it. */
const NO_DATA = /(?:^|\/)(?:\.(?!\.)|__|README\.md$|config\.json$|dataset_(?:info|infos|dict)\.json$)/;

/** Where the rows of a config and split are. */
export interface HubSplit {
  readonly config: string;
  readonly ref: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** Paths of all files of the dataset's own commit. */
  readonly others: readonly string[];
}

/** Config to split to files. */
export type Layout = ReadonlyMap<string, ReadonlyMap<string, readonly HubFile[]>>;

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
  const others = tree.map(({ path }) => path);
  const card = cardLayout(configs, tree);
  const wanted = chosenConfig(request.config, configs, [...card.keys()]);
  const own = wanted === null ? undefined : card.get(wanted)?.get(request.split);
  if (wanted !== null && own !== undefined && isReadable(own))
    return { config: wanted, ref: request.revision, commit: info.commit, files: own, others };

  const converted = await fetchConversion(client, info.datasetId);
  const layout: Layout = converted?.layout ?? new Map();
  const names = [...new Set([...configs.map((config) => config.name), ...layout.keys()])];
  if (names.length === 0) throw noFiles(info.datasetId, tree);
  const config = chosenConfig(request.config, configs, names);
  if (config === null) throw noSuchConfig(info.datasetId, request.config, names);
  const splits = new Map([...(card.get(config) ?? []), ...(layout.get(config) ?? [])]);
  const files = layout.get(config)?.get(request.split);
  if (converted !== null && files !== undefined && files.length > 0)
    return { config, ref: CONVERSION, commit: converted.commit, files, others };
  if (own !== undefined) throw notReadable(info.datasetId, own);
  if (splits.size === 0) throw noFiles(info.datasetId, tree);
  throw noSuchSplit(info.datasetId, config, request.split, [...splits.keys()]);
}

/** The files that the card's patterns name, each split's in the order of its patterns, then of paths. */
function cardLayout(configs: readonly CardConfig[], tree: readonly HubFile[]): Layout {
  const layout = new Map<string, Map<string, readonly HubFile[]>>();
  for (const { name, splits } of configs) {
    if (splits === null) continue;
    const found = new Map<string, readonly HubFile[]>();
    for (const [split, patterns] of splits) {
      const files = patterns.flatMap((pattern) =>
        tree.filter(({ path }) => !NO_DATA.test(path) && matchPath(pattern, path)),
      );
      if (files.length > 0) found.set(split, [...new Set(files)]);
    }
    layout.set(name, found);
  }
  return layout;
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
