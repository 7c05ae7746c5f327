// SPDX-License-Identifier: Apache-2.0
import type { PipelineConfig } from "../config/schema.ts";
import { oneLine } from "../core/printable.ts";

/** TypeScript for the application: the labels of every task as a union, and the defaults of the config. */
export function renderTypes({ tasks }: PipelineConfig): string {
  const quoted = (text: string) => oneLine(JSON.stringify(text));
  const unions = tasks.map(
    (task) => `  readonly ${task.name}: ${task.labels.map((label) => quoted(label.name)).join(" | ")};`,
  );
  const defaults = tasks
    .filter((task) => task.default !== null)
    .map((task) => `  ${task.name}: ${quoted(task.default ?? "")},`);
  return `// Written by \`modelpack types\`; run it again when tasks or labels change.

/** Labels of every task: \`openModelpack<TaskLabels>(folder, { defaults })\`. */
export type TaskLabels = {
${unions.join("\n")}
};

export type TaskName = keyof TaskLabels;

/** What the application answers where there is no model. */
export const defaults = {${defaults.map((line) => `\n${line}`).join("")}${defaults.length > 0 ? "\n" : ""}} as const satisfies Partial<TaskLabels>;
`;
}
