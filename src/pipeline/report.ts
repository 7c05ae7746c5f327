// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { REPORT_FILE } from "./pack-report.ts";
import { openPack } from "./trained-pack.ts";

/** A task's figures on test, as a pack's manifest has them; null without test rows. */
export interface TaskHeadline {
  readonly task: string;
  readonly test_rows: number;
  readonly accuracy: number | null;
  readonly macro_f1: number | null;
  readonly log_loss: number | null;
  readonly ece: number | null;
}

export interface FoundReport {
  readonly version: string;
  readonly dataset: string;
  /** Path of the HTML file. */
  readonly report: string;
  readonly families: readonly { readonly family: string; readonly tasks: readonly TaskHeadline[] }[];
}

/**
 * The report of a pack, verified whole with its version.
 *
 * @param folder of a version, or of versions: then the newest one
 * @throws ModelpackError MODEL_MISSING where there is no pack, or it has no report; MODEL_CORRUPT
 */
export async function findReport(folder: string): Promise<FoundReport> {
  const pack = await openPack(folder);
  const { version, manifest } = pack;
  const files = manifest.files as readonly { readonly name: string }[];
  if (!files.some(({ name }) => name === REPORT_FILE))
    throw new ModelpackError("MODEL_MISSING", `pack ${version} has no report: it is older than reports`, {
      where: pack.folder,
      hint: "run `modelpack train` with this version of modelpack: it makes a version with one",
    });
  return {
    version,
    dataset: String(manifest.dataset),
    report: join(pack.folder, ...REPORT_FILE.split("/")),
    families: manifest.families as FoundReport["families"],
  };
}
