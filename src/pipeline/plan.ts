// SPDX-License-Identifier: Apache-2.0

import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { amount } from "../core/amount.ts";
import { bytesText } from "../core/byte-count.ts";
import type { Reporter } from "../core/reporter.ts";
import { verifyVersion } from "../storage/commit.ts";
import { readAccepted } from "./accepted.ts";
import type { FillPlan } from "./fill-plan.ts";
import { type PlannedDownload, planHubInputs } from "./hub-plan.ts";
import { checkAny, datasetInputs, resolveInputs } from "./inputs.ts";
import { inputOptions, type PrepareOptions } from "./prepare-options.ts";
import { versionOf } from "./workspace.ts";

/** What prepare would do. */
export interface PreparePlan {
  /** Null as long as files are to be downloaded: their digests decide it. */
  readonly version: string | null;
  readonly folder: string | null;
  /** The version is there already, and whole. */
  readonly unchanged: boolean;
  readonly downloads: readonly PlannedDownload[];
  /** What the LLM would be asked; null where it is not to be, and as long as files are to be downloaded. */
  readonly fill: FillPlan | null;
}

/**
 * Resolves the sources and says what {@link prepare} would do with them. Reads the lock and the cache, and
 * asks the Hub about datasets that neither knows; writes nothing, and moves not even the pointer.
 *
 * @throws ModelpackError as prepare does for sources that can't be had
 */
export async function planPrepare(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: PrepareOptions = {},
): Promise<PreparePlan> {
  const { config } = loaded;
  const asked = inputOptions(options, () => Promise.resolve());
  let downloads: readonly PlannedDownload[] = [];
  const inputs = await resolveInputs(loaded, asked, reporter, async () => {
    const plan = await planHubInputs(loaded, asked, reporter);
    downloads = plan.downloads;
    return plan;
  });
  if (downloads.length > 0) {
    for (const { dataset, files, bytes } of downloads)
      reporter.note(`${dataset}: would download ${amount(files, "file")}, ${bytesText(bytes)}`);
    reporter.note("which version that makes is known once they are here; nothing was written");
    return { version: null, folder: null, unchanged: false, downloads, fill: null };
  }
  checkAny(inputs);
  const accepted = await readAccepted(loaded, { ...options, backfill: false }, reporter);
  const decides = { sample: options.sample ?? null, accepted: accepted.used };
  const version = versionOf(datasetInputs(config, inputs, decides));
  const folder = join(config.paths.prepared_dir, version);
  const unchanged = (await verifyVersion(folder)).length === 0;
  const names = [
    ...inputs.datasets.map(({ dataset }) => dataset.name),
    ...inputs.bootstrap.map((b) => b.name),
  ];
  const fill =
    options.backfill === true
      ? await (await import("./fill-plan.ts")).planFill(loaded, inputs, accepted, reporter, options)
      : null;
  const lacks = fill?.labels.some(({ deficit }) => deficit > 0) === true;
  reporter.note(
    unchanged
      ? `dataset ${version} is there already; nothing was written`
      : `would prepare dataset ${lacks ? "" : `${version} `}from ${names.join(", ")}${lacks ? " and what the LLM writes" : ""}; nothing was written`,
  );
  return { version, folder, unchanged, downloads, fill };
}
