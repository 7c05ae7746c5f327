// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { ModelpackError } from "../../core/error.ts";
import { renderTypes } from "../../pipeline/types.ts";
import { writeFileAtomic } from "../../storage/commit.ts";
import { type Action, configOf } from "../context.ts";

/** `modelpack types`: task and label unions and the defaults, as TypeScript for the application. */
export const types: Action = async (context, options) => {
  const source = renderTypes(configOf(context, options).config);
  if (typeof options.out !== "string") return { text: source.trimEnd(), json: { source } };
  await checkTarget(options.out);
  await writeFileAtomic(options.out, source);
  return { text: `wrote ${options.out}`, json: { source, out: options.out } };
};

// The file is put in the place of the one that is there; in that of a device or a pipe it would end it.
async function checkTarget(out: string): Promise<void> {
  const hint = "name a .ts file, or leave --out out: the types then go to standard output";
  if (out === "") throw new ModelpackError("USAGE", "--out takes the name of a file", { hint });
  const found = await stat(out).catch(() => null);
  if (found !== null && !found.isFile())
    throw new ModelpackError("STORAGE", `${out} is no regular file`, { where: out, hint });
}
