// SPDX-License-Identifier: Apache-2.0
// A peer's run between two of ours on the same tasks: a machine that others share may be a fifth slower a quarter of an hour later.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { trainAnew } from "./project.mjs";

/**
 * {...what `work` gives, beside: [cost, cost]} of modelpack's `train` on the project just before and just after it, where the part
 * `ours` has left the project; `beside_failed` is why one has no cost.
 */
export async function between(context, project, args, work) {
  const folder = join(context.work, project);
  if (!existsSync(join(folder, "prepared", "current.json"))) return work();
  const config = join(folder, "model_pipeline.toml");
  // What a peer took many minutes for is kept, whatever becomes of ours.
  const ours = () => trainAnew(config, join(folder, "trained"), args).catch((error) => error.message);
  const before = await ours();
  const result = await work();
  const after = await ours();
  const failed = [before, after].find((cost) => typeof cost === "string");
  return { ...result, ...(failed === undefined ? { beside: [before, after] } : { beside_failed: failed }) };
}
