// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../../core/error.ts";
import { audit as runAudit } from "../../pipeline/audit.ts";
import type { AuditedTask } from "../../report/audit-page.ts";
import { openInBrowser } from "../browser.ts";
import { type Action, countOption, EXIT, notedConfigOf, table } from "../context.ts";
import { shownPath } from "../printable.ts";

/** Rows of a task on the page, where nothing is said: what a person reads in a sitting. */
const TOP = 100;

/** `modelpack report --audit`: the rows most likely mislabelled, as a page and a table. */
export const audit: Action = async (context, options) => {
  if (options.pack !== undefined)
    throw new ModelpackError("USAGE", "--audit and --pack exclude each other", {
      hint: "an audit reads the dataset of the config's newest pack: name the config with --config",
    });
  const loaded = notedConfigOf(context, options);
  const result = await runAudit(loaded, context.reporter, {
    signal: context.signal,
    task: options.task === undefined ? null : String(options.task),
    top: countOption(options, "top", "--top") ?? TOP,
  });
  const { version, dataset, page, table: csv, tasks } = result;
  const problem = options.open === true ? await openInBrowser(page, context.environment) : null;
  if (problem !== null) context.reporter.warn(`${problem}: open the file by hand`);
  return {
    text: [
      auditSummary(tasks),
      "",
      "suspect: a model that had not seen the row finds another label likelier; estimate: by the confident joint, an upper figure where a task is hard",
      `the rows, dataset ${dataset}: ${shownPath(page)}`,
      `and all of them as a table: ${shownPath(csv)}`,
    ].join("\n"),
    json: { version, dataset, page, table: csv, tasks: tasks.map(taskJson) },
    exit: problem === null ? EXIT.done : EXIT.failed,
  };
};

function auditSummary(tasks: readonly AuditedTask[]): string {
  const share = (part: number, rows: number) => `${((100 * part) / rows).toFixed(1)} %`;
  const head = ["task", "rows", "suspect", "", "estimate", ""];
  const rows = tasks.map(({ task, rows: all, idle, suspects, estimatedWrong }) =>
    idle === null
      ? [
          task,
          String(all),
          String(suspects.length),
          share(suspects.length, all),
          (estimatedWrong ?? 0).toFixed(0),
          share(estimatedWrong ?? 0, all),
        ]
      : [task, String(all), "-", "", "-", ""],
  );
  const idle = tasks.flatMap((task) => (task.idle === null ? [] : [`  ${task.task}: ${task.idle}`]));
  const note = idle.length === 0 ? [] : ["", "not judged:", ...idle];
  return [table([head, ...rows], [1, 2, 3, 4, 5]), ...note].join("\n");
}

function taskJson(task: AuditedTask): Readonly<Record<string, unknown>> {
  return {
    task: task.task,
    family: task.family,
    rows: task.rows,
    not_judged: task.idle,
    suspect_rows: task.suspects.length,
    estimated_wrong: task.estimatedWrong,
    confused: task.confused,
  };
}
