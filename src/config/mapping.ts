// SPDX-License-Identifier: Apache-2.0
import type { Draft, Part } from "./draft.ts";
import type { Path } from "./fields.ts";
import { oneOf, type Problem, show } from "./problem.ts";
import { type DatasetMap, labelName, type TaskInput } from "./schema.ts";

type Key = keyof DatasetMap;

/** A map, the task that it names where that is known, and whether missing keys may be reported. */
interface Case {
  readonly path: Path;
  readonly map: DatasetMap;
  readonly task: TaskInput | undefined;
  readonly whole: boolean;
}

/** What `[[datasets.map]]` may get wrong: about its task, about its own keys. */
export function checkMaps(draft: Draft): Problem[] {
  const tasks = new Map(draft.tasks.map((part) => [part.value.name, part]));
  return draft.datasets.flatMap(({ maps }) =>
    maps.flatMap(({ path, value: map, whole }) => {
      const found = map.task === undefined ? undefined : tasks.get(map.task);
      const one: Case = { path, map, task: found?.value, whole };
      return [
        ...checkTask(one, draft, tasks),
        ...checkColumns(one),
        ...checkLabelKeys(one),
        ...checkLabelNames(one),
        ...checkOrigin(one),
      ];
    }),
  );
}

function problem({ path }: Case, message: string, hint: string, ...keys: Key[]): Problem {
  const paths = keys.length === 0 ? [path] : keys.map((key) => [...path, key]);
  return { message, hint, paths, key: true };
}

function given({ map }: Case, keys: readonly Key[]): Key[] {
  return keys.filter((key) => map[key] !== undefined);
}

function checkTask(one: Case, draft: Draft, tasks: ReadonlyMap<string, Part<TaskInput>>): Problem[] {
  const { map, path, whole } = one;
  const { task: name } = map;
  if (name === undefined) {
    const needed = map.role !== "seed" || map.label !== undefined || map.label_column !== undefined;
    if (!needed || !whole) return [];
    return [problem(one, `a map of role "${map.role}" needs a task`, "add task, the name of a [[tasks]]")];
  }
  if (tasks.has(name) || draft.brokenTasks.has(name)) return [];
  const message = `unknown task ${show(name)}`;
  return [
    {
      message,
      hint: () => oneOf(name, [...tasks.keys(), ...draft.brokenTasks], "tasks"),
      paths: [[...path, "task"]],
    },
  ];
}

const TEXT_KEYS = ["text", "text_a", "text_b"] as const;
const LABEL_KEYS = ["label", "label_column", "label_map"] as const;
/** What a SELECT says by itself; the constants `label` and `language`, and `where`, may stand beside it. */
const COLUMN_KEYS = [...TEXT_KEYS, "label_column", "label_map", "language_column", "group_column"] as const;

function checkColumns(one: Case): Problem[] {
  const { map, task, whole } = one;
  const columns = given(one, COLUMN_KEYS);
  if (map.sql !== undefined) {
    const [first] = columns;
    if (first === undefined) return [];
    const hint =
      "a SELECT names its own columns, text (or text_a, text_b), label, language and group: keep sql or the other keys";
    return [problem(one, `a map has both sql and ${columns.join(", ")}`, hint, first)];
  }
  const problems: Problem[] = [];
  const both = map.text !== undefined && (map.text_a !== undefined || map.text_b !== undefined);
  if (both) {
    problems.push(
      problem(
        one,
        "a map has both text and text_a or text_b",
        "text is for one text, text_a and text_b for pairs",
        "text",
      ),
    );
  }
  if (whole && !both)
    problems.push(
      ...checkTexts(
        one,
        task?.input ?? (map.text === undefined && given(one, TEXT_KEYS).length > 0 ? "pair" : "text"),
      ),
    );
  if (map.language !== undefined && map.language_column !== undefined) {
    problems.push(problem(one, "a map has both language and language_column", "keep one", "language"));
  }
  return problems;
}

function checkTexts(one: Case, input: TaskInput["input"]): Problem[] {
  const wanted: readonly Key[] = input === "pair" ? ["text_a", "text_b"] : ["text"];
  const of =
    one.task === undefined
      ? ""
      : `task ${show(one.task.name)} reads ${input === "pair" ? "pairs" : "one text"}: `;
  const wrong = given(one, TEXT_KEYS).filter((key) => !wanted.includes(key));
  if (wrong.length > 0) {
    return [
      problem(
        one,
        `${of}its map takes ${wanted.join(" and ")}, not ${wrong.join(" and ")}`,
        `name the columns with ${wanted.join(" and ")}`,
        ...wrong,
      ),
    ];
  }
  const missing = wanted.filter((key) => !given(one, wanted).includes(key));
  if (missing.length === 0) return [];
  return [
    problem(
      one,
      `${of}the map needs ${missing.join(" and ")}`,
      `name the column${missing.length > 1 ? "s" : ""}, or write sql`,
    ),
  ];
}

function checkLabelKeys(one: Case): Problem[] {
  const { map, whole } = one;
  const labels = given(one, LABEL_KEYS);
  const [first] = labels;
  if (map.role === "out_of_scope") {
    if (first === undefined) return [];
    return [
      problem(
        one,
        `a map of role "out_of_scope" has no label, got ${first}`,
        `remove ${labels.join(" and ")}`,
        first,
      ),
    ];
  }
  if (map.sql !== undefined) return [];
  if (map.label !== undefined && map.label_column !== undefined) {
    return [
      problem(
        one,
        "a map has both label and label_column",
        "label is a constant for all rows; keep one",
        "label",
      ),
    ];
  }
  if (map.label_map !== undefined && map.label_column === undefined) {
    return whole
      ? [problem(one, "label_map needs label_column", "name the column whose values it maps", "label_map")]
      : [];
  }
  if (labels.length > 0 || map.role === "seed" || !whole) return [];
  return [
    problem(
      one,
      `a map of role "${map.role}" needs label or label_column`,
      'add label = "…" for all rows, or label_column = "…"',
    ),
  ];
}

function checkLabelNames(one: Case): Problem[] {
  const { map, path, task } = one;
  if (task === undefined) return [];
  const names = task.labels.map(labelName);
  const known = new Set(names);
  const targets: (readonly [string, Path])[] = [...(map.label_map ?? [])].map(([from, to]) => [
    to,
    [...path, "label_map", from],
  ]);
  if (map.label !== undefined) targets.unshift([map.label, [...path, "label"]]);
  return targets.flatMap(([label, at]) => {
    if (known.has(label)) return [];
    const message = `${show(label)} is not a label of task ${show(task.name)}`;
    return [{ message, hint: () => oneOf(label, names, "labels"), paths: [at] }];
  });
}

function checkOrigin(one: Case): Problem[] {
  const { origin, role } = one.map;
  if (origin === "real" || role === "train") return [];
  const message = `a map of role "${role}" has origin "real", got "${origin}"`;
  const hint = 'rows that an LLM labelled go to train only: role = "train", or leave origin out';
  return [problem(one, message, hint, "origin")];
}
