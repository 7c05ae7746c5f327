// SPDX-License-Identifier: Apache-2.0
import { renderTypes } from "../../pipeline/types.ts";
import { writeFileAtomic } from "../../storage/commit.ts";
import { type Action, configOf } from "../context.ts";

/** `modelpack types`: task and label unions and the defaults, as TypeScript for the application. */
export const types: Action = async (context, options) => {
  const source = renderTypes(configOf(context, options).config);
  if (typeof options.out !== "string") return { text: source.trimEnd(), json: { source } };
  await writeFileAtomic(options.out, source);
  return { text: `wrote ${options.out}`, json: { source, out: options.out } };
};
