// SPDX-License-Identifier: Apache-2.0
import { nearest } from "../config/suggest.ts";
import { ModelpackError } from "../core/error.ts";
import type { HubFile } from "./hub-dataset.ts";
import { placeOfHub } from "./hub-error.ts";

// Errors about what a dataset is made of.

/** Names of a list that a message shows. */
const MAX_NAMES = 30;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => JSON.stringify(name.slice(0, 80)));
  return shown.join(", ") + (names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "");
}

export function noSuchConfig(datasetId: string, config: string, names: readonly string[]): ModelpackError {
  const message =
    config === ""
      ? `the dataset has ${names.length} configs and none is the default: ${listed(names)}`
      : `the dataset has no config ${JSON.stringify(config)}; it has ${listed(names)}`;
  const near = nearest(config, names);
  return new ModelpackError("HUB_MISSING", message, {
    where: placeOfHub({ datasetId }),
    hint:
      near === undefined
        ? "set config to one of them (modelpack init: --hub-config)"
        : `did you mean config = ${JSON.stringify(near)}?`,
  });
}

export function noSuchSplit(
  datasetId: string,
  config: string,
  split: string,
  names: readonly string[],
): ModelpackError {
  const near = nearest(split, names);
  return new ModelpackError(
    "HUB_MISSING",
    `config ${JSON.stringify(config)} has no split ${JSON.stringify(split)}; it has ${listed(names)}`,
    {
      where: placeOfHub({ datasetId }),
      hint: near === undefined ? "set split to one of them" : `did you mean split = ${JSON.stringify(near)}?`,
    },
  );
}

/** Why neither the card nor the conversion gives files: there are none, or a script makes them. */
export function noFiles(datasetId: string, tree: readonly HubFile[]): ModelpackError {
  const where = placeOfHub({ datasetId });
  const name = datasetId.slice(datasetId.indexOf("/") + 1);
  const data = tree.filter(({ path }) => !/^(?:\.git\w*|README\.md|LICENSE.*)$/i.test(path));
  if (data.length === 0)
    return new ModelpackError("SOURCE_EMPTY", "the dataset holds no files", {
      where,
      hint: "check dataset_id and revision: its files may be on another branch",
    });
  if (data.some(({ path }) => path === `${name}.py`))
    return new ModelpackError(
      "SOURCE_UNSUPPORTED",
      `the dataset is a script, ${name}.py, and the Hub made no Parquet of it`,
      {
        where,
        hint: 'scripts are never run: save its rows with the Python library, as Parquet, and use kind = "local"',
      },
    );
  return new ModelpackError(
    "SOURCE_UNSUPPORTED",
    "the card does not say which files belong to which split, and the Hub made no Parquet of them",
    {
      where,
      hint: `fetch the files that you need (${listed(data.slice(0, 3).map(({ path }) => path))} …) and use kind = "local"`,
    },
  );
}
