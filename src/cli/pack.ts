// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { ModelpackError } from "../core/error.ts";
import { packHint } from "../pipeline/pack-hint.ts";
import { type Modelpack, openModelpack, type TaskStatus } from "../runtime/node.ts";
import { type Context, configOf, DEFAULT_CONFIG, type Options } from "./context.ts";
import { chosenTask } from "./task-choice.ts";

/** Opens the pack of `--pack`, or the newest of the config's; without a config, that of `trained_models`. */
export async function openPackOf(context: Context, options: Options): Promise<Modelpack> {
  const folder = packFolder(context, options);
  return openModelpack(folder, { strict: true }).catch((error: unknown) => {
    if (!(error instanceof ModelpackError)) throw error;
    const isMissing = error.code === "MODEL_MISSING";
    throw new ModelpackError(error.code, error.message, {
      where: isMissing ? error.where : folder,
      hint: isMissing
        ? "run `modelpack train` first, or name a folder of packs with --pack"
        : packHint(error.code),
    });
  });
}

/** The folder of `--pack`, or that of the config's packs; without a config, `trained_models`. */
export function packFolder(context: Context, options: Options): string {
  if (typeof options.pack === "string") return options.pack;
  const config = String(options.config);
  if (!existsSync(config) && config === DEFAULT_CONFIG) return "trained_models";
  return configOf(context, options).config.paths.trained_models_dir;
}

/** The task of the pack that the options choose. */
export function packTask(pack: Modelpack, options: Options): TaskStatus {
  return chosenTask("the pack", new Map(pack.status().tasks.map((task) => [task.task, task])), options);
}
