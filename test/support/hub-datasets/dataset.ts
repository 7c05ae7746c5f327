// SPDX-License-Identifier: Apache-2.0
import type { HubFixture } from "../hub-repository.ts";
import type { Row } from "./rows.ts";

/** A dataset of the shipped TOML as the test server has it. */
export interface ShippedDataset {
  /** Its name in the TOML. */
  readonly name: string;
  readonly fixture: HubFixture;
  /** The rows of the config and split that the TOML names, in the order of the files. */
  readonly rows: readonly Row[];
}
