// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../../core/error.ts";
import { COMPLETION_SCRIPTS } from "../completion-scripts.ts";
import type { Action } from "../context.ts";

/** `modelpack completion`: the script that a shell completes by. */
export const completion: Action = async (_context, _options, [shell = ""]) => {
  const script = Object.hasOwn(COMPLETION_SCRIPTS, shell) ? COMPLETION_SCRIPTS[shell] : undefined;
  if (script === undefined)
    throw new ModelpackError("USAGE", `there is no completion for ${JSON.stringify(shell)}`, {
      hint: `the shells are ${Object.keys(COMPLETION_SCRIPTS).join(", ")}`,
    });
  return { text: script.trimEnd(), json: { shell, script } };
};
