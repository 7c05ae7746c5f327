// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { join } from "node:path";

const VERSION = /^[0-9a-f]{12}$/;

/** The only version in a folder of versions. */
export function versionIn(folder) {
  const versions = readdirSync(folder).filter((name) => VERSION.test(name));
  if (versions.length !== 1) throw new Error(`expected one version in ${folder}, found ${versions.length}`);
  return join(folder, versions[0]);
}
