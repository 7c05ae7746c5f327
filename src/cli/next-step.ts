// SPDX-License-Identifier: Apache-2.0
import { type Context, DEFAULT_CONFIG, type Options } from "./context.ts";
import { shownPath } from "./printable.ts";

/** Scripts of npm that run modelpack where it may not be on the PATH: npx, and those of a checkout. */
const NPM_SCRIPTS: ReadonlySet<string | undefined> = new Set(["npx", "prepare", "train"]);

/** A command as a person would type it next, the way they started this one: `npx modelpack train -c other.toml`. */
export function nextCommand(
  { environment }: Pick<Context, "environment">,
  command: string,
  { config, pack }: Options = {},
): string {
  const program = NPM_SCRIPTS.has(environment.npm_lifecycle_event) ? "npx modelpack" : "modelpack";
  const flag =
    typeof pack === "string"
      ? ` --pack ${shellWord(shownPath(pack))}`
      : typeof config === "string" && config !== DEFAULT_CONFIG
        ? ` -c ${shellWord(shownPath(config))}`
        : "";
  return `${program} ${command}${flag}`;
}

/** One word of a POSIX shell: quoted where it has more in it than what every shell takes as it stands. */
function shellWord(word: string): string {
  return /^[\p{L}\p{N}_./:@%+,=-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
