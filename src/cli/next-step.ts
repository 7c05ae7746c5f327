// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import { type Context, DEFAULT_CONFIG, type Options } from "./context.ts";
import { shownPath } from "./printable.ts";

/**
 * A command as a person would type it next: `npx modelpack train -c other.toml` where npm or npx started this one, for
 * what they put on the PATH is gone afterwards.
 */
export function nextCommand(
  { environment }: Pick<Context, "environment">,
  command: string,
  { config, pack }: Options = {},
): string {
  const program = (environment.npm_lifecycle_event ?? "") === "" ? "modelpack" : "npx modelpack";
  const flag =
    typeof pack === "string"
      ? ` --pack ${shellWord(shownPath(pack))}`
      : typeof config === "string" && config !== DEFAULT_CONFIG
        ? ` -c ${shellWord(shownPath(config))}`
        : "";
  return `${program} ${command}${flag}`;
}

/** The command that answers a text, or a pair of them. */
export function predictCommand(
  context: Pick<Context, "environment">,
  input: InputKind,
  options: Options = {},
): string {
  return input === "pair"
    ? `${nextCommand(context, "predict --pair", options)} "one text" "the other"`
    : `${nextCommand(context, "predict", options)} "your text"`;
}

/** One word of a POSIX shell: quoted where it has more in it than what every shell takes as it stands. */
function shellWord(word: string): string {
  return /^[\p{L}\p{N}_./:@%+,=-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
