// SPDX-License-Identifier: Apache-2.0

/** Key under which the Python library `datasets` describes the columns of a Parquet or Arrow file. */
export const FEATURES_KEY = "huggingface";

/** The names of a ClassLabel column; `isList` where each row holds several. */
export interface ClassLabel {
  readonly names: readonly string[];
  readonly isList: boolean;
}

type Json = { readonly [key: string]: unknown };

/**
 * The columns that hold numbers of named classes, by what `datasets` wrote beside them. Metadata that
 * is not as expected names none: the numbers are then only numbers.
 */
export function classLabels(metadata: string | undefined): ReadonlyMap<string, ClassLabel> {
  return labelsOfFeatures(asObject(asObject(parse(metadata))?.info)?.features);
}

/** The same of `features` as `datasets` writes them as JSON: column to feature. */
export function labelsOfFeatures(features: unknown): ReadonlyMap<string, ClassLabel> {
  const found = new Map<string, ClassLabel>();
  for (const [column, feature] of Object.entries(asObject(features) ?? {})) {
    const names = namesOf(feature);
    const inner = asObject(feature)?.feature;
    const listed = Array.isArray(feature) ? namesOf(feature[0]) : namesOf(inner);
    if (names !== undefined) found.set(column, { names, isList: false });
    else if (listed !== undefined) found.set(column, { names: listed, isList: true });
  }
  return found;
}

function namesOf(feature: unknown): readonly string[] | undefined {
  const object = asObject(feature);
  const names = object?.names;
  if (object?._type !== "ClassLabel" || !Array.isArray(names)) return undefined;
  return names.every((name) => typeof name === "string") ? names : undefined;
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
