// SPDX-License-Identifier: Apache-2.0
import { measure } from "./child.mjs";

const HOW_TO_INSTALL =
  "apt-get install -y python3-sklearn python3-fasttext, or --python with one that has them";

/** Throws, with what to install, where the interpreter or a module of it is missing. */
export async function needModules(python, names) {
  const run = await measure(python, ["-c", `import ${names.join()}`]).catch(() => ({ code: 1 }));
  if (run.code !== 0) throw new Error(`${python} lacks ${names.join(" or ")}: ${HOW_TO_INSTALL}`);
}
