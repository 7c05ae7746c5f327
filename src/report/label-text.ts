// SPDX-License-Identifier: Apache-2.0
import { shortened } from "../core/printable.ts";

/** UTF-16 units of a label or a name in tables and sentences; the config takes 4,096. */
const MOST_NAME = 80;

/** A label, or the name of a dataset, as a page shows it. */
export function labelText(label: string | undefined): string {
  return shortened(label ?? "", MOST_NAME);
}
