// SPDX-License-Identifier: Apache-2.0
import type { DatasetFacts, SourceFacts } from "./dataset-facts.ts";
import type { PackReport, TaskReport } from "./pack-report.ts";
import type { Yaml } from "./yaml.ts";

/**
 * The results of a pack as the Hub's `model-index` has them: accuracy and macro F1 of each task on its real test rows. A
 * task without any has no result there: made-up rows stand for nothing in a headline.
 */
export function modelResults({ families }: PackReport, dataset: DatasetFacts): Yaml[] {
  return families.flatMap(({ tasks }) =>
    tasks.flatMap((task) => {
      const real = task.measured?.split === "test" ? task.measured.metrics.real : null;
      if (real === null) return [];
      return [
        {
          task: { type: "text-classification", name: task.task },
          dataset: testedOn(task, dataset),
          metrics: [
            ...metric("accuracy", real.accuracy, "Accuracy"),
            ...metric("f1", real.macro_f1, "Macro F1", { average: "macro" }),
          ],
        },
      ];
    }),
  );
}

function metric(
  type: string,
  value: number | null,
  name: string,
  args?: { readonly [key: string]: Yaml },
): Yaml[] {
  if (value === null) return [];
  return [{ type, value: Number(value.toFixed(4)), name, ...(args === undefined ? {} : { args }) }];
}

/** Where a task's test rows come from: a dataset of the Hub by its id where it is one alone, else the prepared one. */
function testedOn(
  { task }: TaskReport,
  { sources, version }: DatasetFacts,
): { readonly [key: string]: Yaml } {
  const official = sourcesOf(sources, task, "test");
  const held = official.length > 0 ? official : sourcesOf(sources, task, "train");
  const [only] = held;
  if (held.length !== 1 || only === undefined)
    return { type: `modelpack-${version}`, name: `${task}: ${held.length} sources`, split: "test" };
  const name = official.length > 0 ? only.dataset : `${only.dataset} (rows held out)`;
  if (only.hub === undefined) return { type: `modelpack-${version}`, name, split: "test" };
  const { dataset_id, config, split, commit } = only.hub;
  return {
    type: dataset_id,
    name,
    ...(config === "" ? {} : { config }),
    split,
    revision: commit,
  };
}

function sourcesOf(sources: readonly SourceFacts[], task: string, role: string): SourceFacts[] {
  return sources.filter(({ maps }) =>
    maps.some((map) => map.task === task && map.role === role && map.rows > 0),
  );
}
