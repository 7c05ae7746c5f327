// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../../core/error.ts";
import { type FoundReport, findReport } from "../../pipeline/report.ts";
import { openInBrowser } from "../browser.ts";
import { type Action, EXIT, table } from "../context.ts";
import { nextCommand } from "../next-step.ts";
import { packFolder } from "../pack.ts";
import { shownPath } from "../printable.ts";
import { figure } from "../tables.ts";

/** `modelpack report`: where a pack's report is, and its headline; `--open` shows it, `--audit` looks for wrong labels. */
export const report: Action = async (context, options, args) => {
  if (options.audit === true) return (await import("./audit.ts")).audit(context, options, args);
  for (const name of ["task", "top"])
    if (options[name] !== undefined)
      throw new ModelpackError("USAGE", `--${name} is for an audit`, {
        hint: `add --audit, or leave --${name} out`,
      });
  const found = await findReport(packFolder(context, options));
  const asked = options.open === true;
  const problem = asked ? await openInBrowser(found.report, context.environment) : null;
  if (problem !== null) context.reporter.warn(`${problem}: open the file by hand`);
  const opened = asked && problem === null;
  return {
    text: [
      headline(found),
      "",
      `pack ${found.version} of dataset ${found.dataset}`,
      `report: ${shownPath(found.report)}`,
      ...(asked ? [] : [`next: ${nextCommand(context, "report --open", options)}`]),
    ].join("\n"),
    json: { ...found, opened },
    exit: asked && !opened ? EXIT.failed : EXIT.done,
  };
};

function headline({ families }: FoundReport): string {
  const rows = families.flatMap(({ family, tasks }) =>
    tasks.map((task) => [
      family,
      task.task,
      String(task.test_rows),
      ...[task.accuracy, task.macro_f1, task.log_loss, task.ece].map(figure),
    ]),
  );
  return table(
    [["family", "task", "test rows", "accuracy", "macro F1", "log loss", "ECE"], ...rows],
    [2, 3, 4, 5, 6],
  );
}
