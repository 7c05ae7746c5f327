// SPDX-License-Identifier: Apache-2.0
import { labelsOfFeatures } from "./class-labels.ts";

// What the front matter of a dataset's card says. The Hub's API gives it as JSON; a stranger wrote it.

/** A configuration that the card describes. */
export interface CardConfig {
  readonly name: string;
  readonly isDefault: boolean;
  /** Split to patterns of its files; null where the card says none that we can follow. */
  readonly splits: ReadonlyMap<string, readonly string[]> | null;
}

type Json = { readonly [key: string]: unknown };

/** Keys that change nothing about how files are read; `sep`, `names` and their like do. */
const PLAIN_KEYS: readonly string[] = ["config_name", "data_files", "default", "description", "version"];

export function cardConfigs(card: unknown): readonly CardConfig[] {
  const configs = asObject(card)?.configs;
  if (!Array.isArray(configs)) return [];
  return configs.flatMap((one: unknown) => {
    const config = asObject(one);
    if (config === undefined) return [];
    const name = typeof config.config_name === "string" ? config.config_name : "default";
    const isPlain = Object.keys(config).every((key) => PLAIN_KEYS.includes(key));
    return [
      { name, isDefault: config.default === true, splits: isPlain ? splitsOf(config.data_files) : null },
    ];
  });
}

function splitsOf(files: unknown): ReadonlyMap<string, readonly string[]> | null {
  const all = patternsOf(files);
  if (all !== null) return new Map([["train", all]]);
  if (!Array.isArray(files) || files.length === 0) return null;
  const splits = new Map<string, readonly string[]>();
  for (const item of files) {
    const { split, path } = asObject(item) ?? {};
    const patterns = patternsOf(path);
    if (typeof split !== "string" || patterns === null) return null;
    splits.set(split, [...(splits.get(split) ?? []), ...patterns]);
  }
  return splits;
}

/** One pattern or several; null for what is neither, or leads out of the repository. */
function patternsOf(value: unknown): readonly string[] | null {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const patterns = list.filter((one) => typeof one === "string").map((one) => one.replace(/^\.\//, ""));
  const isInside = patterns.every((one) => one !== "" && !one.startsWith("/") && !one.includes("://"));
  return patterns.length === list.length && list.length > 0 && isInside ? patterns : null;
}

/** The licence, or several in one text; null where the card has none. */
export function cardLicense(card: unknown): string | null {
  const license = asObject(card)?.license;
  const list: readonly unknown[] = Array.isArray(license) ? license : [license];
  const names = list.filter((one) => typeof one === "string" && one !== "");
  return names.length === 0 ? null : names.join(", ");
}

/** The class names of a config's columns by the card's `dataset_info`. */
export function cardLabels(card: unknown, config: string): ReadonlyMap<string, readonly string[]> {
  const features = infoOf(asObject(card)?.dataset_info, config)?.features;
  const found = new Map<string, readonly string[]>();
  for (const item of Array.isArray(features) ? features : []) {
    const feature = asObject(item);
    const holders = [feature?.dtype, feature?.sequence, feature?.list, asObject(feature?.sequence)?.dtype];
    const names = holders.map((one) => namesOf(asObject(one)?.class_label)).find((one) => one !== null);
    if (typeof feature?.name === "string" && names) found.set(feature.name, names);
  }
  return found;
}

// One table where there is one config, else a list of tables that name theirs.
function infoOf(info: unknown, config: string): Json | undefined {
  if (!Array.isArray(info)) {
    const only = asObject(info);
    return (only?.config_name ?? config) === config ? only : undefined;
  }
  return info.map(asObject).find((one) => (one?.config_name ?? "default") === config);
}

/** `{names: {"0": …, "1": …}}`, as YAML has it, or `{names: […]}`. */
function namesOf(label: unknown): readonly string[] | null {
  const names = asObject(label)?.names;
  if (Array.isArray(names)) return names.every((one) => typeof one === "string") ? names : null;
  const entries = Object.entries(asObject(names) ?? {});
  const list = entries.map((_, i) => asObject(names)?.[String(i)]);
  return list.length > 0 && list.every((one) => typeof one === "string") ? list : null;
}

/** The class names of a config's columns by the text of a `dataset_infos.json`, of the time before cards had them. */
export function infosLabels(text: string, config: string): ReadonlyMap<string, readonly string[]> {
  let infos: Json | undefined;
  try {
    infos = asObject(JSON.parse(text));
  } catch {
    return new Map();
  }
  const names = Object.keys(infos ?? {});
  const info = asObject(infos?.[names.length === 1 ? (names[0] ?? "") : config]);
  return new Map([...labelsOfFeatures(info?.features)].map(([column, label]) => [column, label.names]));
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
