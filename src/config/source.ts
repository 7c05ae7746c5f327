// SPDX-License-Identifier: Apache-2.0
import type { Draft } from "./draft.ts";
import type { Path } from "./fields.ts";
import { type Problem, show } from "./problem.ts";
import { parseSplit } from "./split.ts";

/** What `[[datasets]]` may get wrong about where its rows are. */
export function checkSources(draft: Draft): Problem[] {
  return draft.datasets.flatMap((dataset) => checkDataset(dataset, draft.isLegacy));
}

/** The Hub's name of a dataset in the address of its page, or of a page below that. */
const HUB_PAGE =
  /^https?:\/\/(?:www\.)?huggingface\.co\/datasets\/([A-Za-z0-9][\w.-]*(?:\/(?!(?:tree|blob|raw|resolve|viewer|discussions|commits?|settings)(?:[/?#]|$))[A-Za-z0-9][\w.-]*)?)(?:[/?#].*)?$/;

/** The dataset's name on the Hub, as written or as its link says. */
export function hubName(dataset: {
  readonly dataset_id?: string | undefined;
  readonly link?: string | undefined;
}) {
  return dataset.dataset_id ?? HUB_PAGE.exec(dataset.link ?? "")?.[1];
}

/** Keys of one kind of dataset only. */
const KIND_KEYS = { huggingface: ["dataset_id", "link"], local: ["path"] } as const;

function checkDataset(
  { path, value, whole, maps }: Draft["datasets"][number],
  mayLackMaps: boolean,
): Problem[] {
  const problems: Problem[] = [];
  const name = show(value.name);
  const [own, other] =
    value.kind === "local" ? (["local", "huggingface"] as const) : (["huggingface", "local"] as const);
  for (const key of KIND_KEYS[other]) {
    if (value[key] === undefined) continue;
    const message = `dataset ${name} is of kind "${own}" and has the key ${key}, which is for "${other}"`;
    problems.push({
      message,
      hint: `remove ${key}, or write kind = "${other}"`,
      paths: [[...path, key]],
      key: true,
    });
  }
  if (whole && (own === "local" ? value.path : hubName(value)) === undefined) {
    problems.push(withoutSource(path, value, name));
  }
  if (whole && value.enabled && maps.length === 0 && !mayLackMaps) {
    const message = `dataset ${name} has no [[datasets.map]]: nothing would be taken from it`;
    problems.push({
      message,
      hint: "add a map with task, text and label, or write enabled = false",
      paths: [path],
      key: true,
    });
  }
  return [...problems, ...checkSplit(path, value.split), ...checkLocalPaths(path, value.path)];
}

function withoutSource(path: Path, value: Draft["datasets"][number]["value"], name: string): Problem {
  if (value.kind === "local") {
    const hint = 'add path = "file.csv", a glob, or a list';
    return { message: `dataset ${name} has no path`, hint, paths: [[...path, "path"]] };
  }
  if (value.link === undefined) {
    const hint = 'add dataset_id = "owner/name"';
    return { message: `dataset ${name} has no dataset_id`, hint, paths: [[...path, "dataset_id"]] };
  }
  return {
    message: `dataset ${name} has no dataset_id, and its link is not the page of a dataset on the Hub`,
    hint: 'add dataset_id = "owner/name", or link = "https://huggingface.co/datasets/owner/name"',
    paths: [[...path, "link"]],
  };
}

function checkSplit(base: Path, split: string): Problem[] {
  const read = parseSplit(split);
  if (!("problem" in read)) return [];
  return [{ message: `split ${show(split)} ${read.problem}`, hint: read.hint, paths: [[...base, "split"]] }];
}

function checkLocalPaths(base: Path, written: string | readonly string[] | undefined): Problem[] {
  return [written ?? []].flat().flatMap((one, i) => {
    const paths = [typeof written === "string" ? [...base, "path"] : [...base, "path", i]];
    if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(one)) return [];
    return [{ message: `path is a URL: ${show(one)}`, hint: "download it, and name the file", paths }];
  });
}
