// SPDX-License-Identifier: Apache-2.0
import { expectation, type Node, nodeAt, textForm } from "./expectation.ts";
import type { Issue, Path } from "./fields.ts";
import { type Problem, pathName, show } from "./problem.ts";
import { TASK_KEYS } from "./settings.ts";
import { nearest } from "./suggest.ts";
import { parseTomlValue, valueAt } from "./toml.ts";

/** Turns what the schema says into messages with suggestions; `raw` is the config before defaults. */
export function problemsOf(issues: readonly Issue[], raw: unknown, root: Node): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, raw, root));
}

function problemsOfIssue(issue: Issue, raw: unknown, root: Node): Problem[] {
  const { path } = issue;
  if (issue.unknownKeys.length > 0) return issue.unknownKeys.map((key) => unknownKey([...path, key], root));
  const deeper = issue.forms.find((form) =>
    form.every((part) => part.path.length > path.length || part.unknownKeys.length > 0),
  );
  if (deeper !== undefined) return problemsOf(deeper, raw, root);
  const value = valueAt(raw, path);
  const node = nodeAt(root, path);
  if (value === undefined) return [missing(path, node)];
  const expected = node === undefined ? "left out" : expectation(node);
  const message = `${pathName(path)} must be ${expected}, got ${show(value)}`;
  return [{ message, hint: () => wrongHint(value, node), paths: [path] }];
}

function missing(path: Path, node: Node | undefined): Problem {
  if (path.length === 1 && path[0] === "tasks") {
    const hint = "add a [[tasks]] with name, family and labels, as the README shows";
    return { message: "no [[tasks]]: a pipeline needs one at least", hint, paths: [path] };
  }
  return {
    message: `${pathName(path)} is missing`,
    hint: node?.description ?? null,
    paths: [path],
    key: true,
  };
}

function wrongHint(value: unknown, node: Node | undefined): string | null {
  if (node === undefined) return null;
  const words = node.enum ?? node.anyOf?.flatMap((form) => form.enum ?? []) ?? [];
  const near = typeof value === "string" ? nearest(value, words.map(String)) : undefined;
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  const bare = typeof value === "string" && ["integer", "number", "boolean"].includes(node.type ?? "");
  if (bare && parseTomlValue(value) !== undefined) return "write it without quotes";
  return node.description ?? null;
}

/** Sections as they are written, for suggestions across them. */
const PLACES: readonly (readonly [string, Path])[] = [
  ["[paths]", ["paths"]],
  ["[prepare]", ["prepare"]],
  ["[train]", ["train"]],
  ["[synthetic_llm]", ["synthetic_llm"]],
  ["[synthetic_llm.prompts]", ["synthetic_llm", "prompts"]],
  ["[multilingual]", ["multilingual"]],
  ["[[tasks]]", ["tasks", 0]],
  ["[[datasets]]", ["datasets", 0]],
  ["[[datasets.map]]", ["datasets", 0, "map", 0]],
];

/** A hint with more keys than this is not read. */
const MAX_LISTED = 15;

function keysAt(root: Node, path: Path): string[] {
  const node = nodeAt(root, path);
  const table =
    node?.properties === undefined ? node?.anyOf?.find((form) => form.properties !== undefined) : node;
  return Object.keys(table?.properties ?? {});
}

function unknownKey(path: Path, root: Node): Problem {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const what = parent.length === 0 ? "unknown section or key" : "unknown key";
  const message = `${what} ${pathName(path)}`;
  return {
    message,
    hint: () => overrideHint(path, root) ?? keyHint(key, parent, root),
    paths: [path],
    key: true,
  };
}

// The two mistakes that [train.overrides] invites.
function overrideHint(path: Path, root: Node): string | null {
  if (path[0] !== "train" || path[1] !== "overrides") return null;
  const [, , target, key] = path;
  if (key === undefined) {
    return `write [train.overrides."family.<name>"] or [train.overrides."task.<name>"], quotes included`;
  }
  const ofFamily = keysAt(root, ["train", "overrides", "family.x"]);
  if (String(target).startsWith("task.") && ofFamily.includes(String(key))) {
    return `a task may set ${TASK_KEYS.join(", ")}; set ${key} for its family, under [train.overrides."family.<name>"]`;
  }
  return null;
}

function keyHint(key: string, parent: Path, root: Node): string {
  const names = nodeAt(root, parent)?.propertyNames;
  if (names !== undefined) return `a key here is ${textForm(names)}`;
  const keys = keysAt(root, parent);
  const near = nearest(key, keys);
  if (near !== undefined) return `did you mean ${near}?`;
  const others = PLACES.filter(
    ([, place]) => pathName(place) !== pathName(parent.map((step) => (typeof step === "number" ? 0 : step))),
  );
  const exact = others.find(([, place]) => keysAt(root, place).includes(key));
  if (exact !== undefined) return `${key} belongs under ${exact[0]}${orderHint(parent, exact[0])}`;
  for (const [name, place] of others) {
    const found = nearest(key, keysAt(root, place));
    if (found !== undefined) return `did you mean ${found}, which belongs under ${name}?`;
  }
  return keys.length > MAX_LISTED ? "docs/config.md lists every key" : `the keys here are ${keys.join(", ")}`;
}

// A key written below a sub-table's header belongs to that sub-table: TOML's best-known surprise.
function orderHint(parent: Path, place: string): string {
  const inMap = parent[0] === "datasets" && parent.length === 4;
  return inMap && place === "[[datasets]]" ? ", above its first [[datasets.map]]" : "";
}
