// SPDX-License-Identifier: Apache-2.0
import { MAX_FAMILY_TASKS, MAX_LABEL_LENGTH } from "../core/task.ts";
import type { Draft, Part } from "./draft.ts";
import type { Path } from "./fields.ts";
import { checkMaps } from "./mapping.ts";
import { oneOf, type Problem, show } from "./problem.ts";
import { checkRanges } from "./range.ts";
import { labelName, type TaskInput } from "./schema.ts";
import { checkSources } from "./source.ts";
import { checkWording } from "./wording.ts";

/** Everything that one part of the config may get wrong about another. */
export function checkReferences(draft: Draft): Problem[] {
  return [
    ...draft.tasks.flatMap(checkTask),
    ...checkUnique(draft.tasks, "task"),
    ...checkUnique(draft.datasets, "dataset"),
    ...checkOutOfScope(draft),
    ...checkInputs(draft),
    ...checkFamilySizes(draft),
    ...checkFamilies(draft),
    ...checkOverrides(draft),
    ...checkRanges(draft),
    ...checkWording(draft),
    ...checkSources(draft),
    ...checkMaps(draft),
  ];
}

/** Windows refuses files of these names, whatever their ending. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

function checkTask({ path, value }: Part<TaskInput>): Problem[] {
  const problems: Problem[] = [];
  for (const key of ["name", "family"] as const) {
    if (!RESERVED.test(value[key])) continue;
    const message = `${key === "name" ? "task" : "family"} ${show(value[key])} is a reserved file name on Windows`;
    problems.push({ message, hint: "choose another name", paths: [[...path, key]] });
  }
  const names = value.labels.map(labelName);
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    const message = `task ${show(value.name)} has the label ${show(name)} twice`;
    if (seen.has(name)) problems.push({ message, hint: "remove one", paths: [labelPath(path, value, i)] });
    seen.add(name);
    if (name.length > MAX_LABEL_LENGTH)
      problems.push({
        message: `task ${show(value.name)} has a label of ${name.length} characters; at most ${MAX_LABEL_LENGTH} go into a model`,
        hint: "give it a short name, and the long one as its description; label_map maps the rows",
        paths: [labelPath(path, value, i)],
      });
  }
  const { default: fallback } = value;
  if (fallback !== undefined && !seen.has(fallback)) {
    const message = `the default ${show(fallback)} is not a label of task ${show(value.name)}`;
    problems.push({
      message,
      hint: () => oneOf(fallback, names, "labels"),
      paths: [[...path, "default"]],
    });
  }
  for (const target of ["target_precision", "target_out_of_scope_recall"] as const) {
    if (value[target] === undefined || value.min_confidence === undefined) continue;
    const message = `task ${show(value.name)} has both ${target} and min_confidence`;
    const hint = `${target} fits the confidence, min_confidence sets it by hand: keep one`;
    problems.push({ message, hint, paths: [[...path, "min_confidence"]] });
  }
  return problems;
}

/** A target for out-of-scope texts needs some. */
function checkOutOfScope(draft: Draft): Problem[] {
  const mapped = new Set(
    draft.datasets.flatMap(({ maps }) =>
      maps.filter(({ value }) => value.role === "out_of_scope").map(({ value }) => value.task),
    ),
  );
  return draft.tasks.flatMap(({ path, value }) => {
    if (value.target_out_of_scope_recall === undefined || mapped.has(value.name)) return [];
    const message = `task ${show(value.name)} has target_out_of_scope_recall and no map of role "out_of_scope"`;
    const hint = 'add a [[datasets.map]] with role = "out_of_scope" and texts that no label of it fits';
    return [{ message, hint, paths: [[...path, "target_out_of_scope_recall"]] }];
  });
}

function labelPath(path: Path, task: TaskInput, i: number): Path {
  return [...path, "labels", i, ...(typeof task.labels[i] === "string" ? [] : ["name"])];
}

function checkUnique(parts: readonly Part<{ readonly name: string }>[], what: string): Problem[] {
  const seen = new Set<string>();
  return parts.flatMap(({ path, value: { name } }) => {
    const twice = seen.has(name);
    seen.add(name);
    const hint = `give each ${what} a name of its own`;
    return twice
      ? [{ message: `two ${what}s have the name ${show(name)}`, hint, paths: [[...path, "name"]] }]
      : [];
  });
}

function checkInputs(draft: Draft): Problem[] {
  const first = new Map<string, TaskInput>();
  return draft.tasks.flatMap(({ path, value }) => {
    const other = first.get(value.family) ?? value;
    first.set(value.family, other);
    if (other.input === value.input) return [];
    const message =
      `family ${show(value.family)} has two kinds of input: task ${show(other.name)} reads ${show(other.input)}, ` +
      `task ${show(value.name)} ${show(value.input)}`;
    return [{ message, hint: "put one of them into a family of its own", paths: [[...path, "input"]] }];
  });
}

function checkFamilySizes(draft: Draft): Problem[] {
  const sizes = new Map<string, number>();
  return draft.tasks.flatMap(({ path, value: { family } }) => {
    const size = (sizes.get(family) ?? 0) + 1;
    sizes.set(family, size);
    if (size !== MAX_FAMILY_TASKS + 1) return [];
    const message = `family ${show(family)} has more than ${MAX_FAMILY_TASKS} tasks`;
    return [{ message, hint: "put some of them into another family", paths: [[...path, "family"]] }];
  });
}

function familyNames(draft: Draft): string[] {
  return [...new Set(draft.tasks.map(({ value }) => value.family))];
}

function checkFamilies(draft: Draft): Problem[] {
  const known = familyNames(draft);
  const named = new Set(known);
  const seen = new Set<string>();
  // The family may be one of a task that could not be read, or that is not there at all.
  if (draft.brokenTasks.size > 0 || draft.tasks.length === 0) return [];
  return draft.settings.train.families.flatMap((family, i): Problem[] => {
    const paths = [["train", "families", i]];
    const twice = seen.has(family);
    seen.add(family);
    if (twice) return [{ message: `family ${show(family)} stands twice`, hint: "remove one", paths }];
    if (named.has(family)) return [];
    const message = `train.families names ${show(family)}, a family without tasks`;
    return [{ message, hint: () => oneOf(family, known, "families"), paths }];
  });
}

function checkOverrides(draft: Draft): Problem[] {
  if (draft.brokenTasks.size > 0 || draft.tasks.length === 0) return [];
  const families = familyNames(draft);
  const tasks = draft.tasks.map(({ value }) => value.name);
  return [...draft.settings.train.overrides.keys()].flatMap((key) => {
    const [kind, known] = key.startsWith("task.")
      ? (["task", tasks] as const)
      : (["family", families] as const);
    const name = key.slice(kind.length + 1);
    if (known.includes(name)) return [];
    const what = kind === "task" ? "tasks" : "families";
    const message = `train.overrides is about an unknown ${kind} ${show(name)}`;
    return [
      { message, hint: () => oneOf(name, known, what), paths: [["train", "overrides", key]], key: true },
    ];
  });
}
