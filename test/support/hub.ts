// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { HubRequest, HubSettings } from "../../src/data/hub.ts";
import { hubSettings } from "../../src/data/hub.ts";
import type { HubTiming } from "../../src/data/hub-settings.ts";
import { writeParquet } from "../data/parquet.ts";
import type { HubFixture } from "./hub-repository.ts";
import { type HubOptions, HubServer } from "./hub-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A token as the Hub makes them, so that whatever looks for its form finds it. */
export const TOKEN = "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH";

/** A server that ends with the running test. */
export async function hubServer(fixtures: readonly HubFixture[], options?: HubOptions): Promise<HubServer> {
  const server = await HubServer.start(fixtures, options);
  onTestFinished(() => server.close());
  return server;
}

/** Settings for a server, with waits of milliseconds and a cache of their own. */
export function settingsFor(
  server: HubServer,
  more: Partial<Omit<HubSettings, "timing">> = {},
  timing: Partial<HubTiming> = {},
): HubSettings {
  const cacheDir = more.cacheDir ?? temporaryFolder();
  const settings = hubSettings({ HF_ENDPOINT: server.url, HOME: cacheDir }, { cacheDir, download: true });
  const quick = { backoffMs: 1, maxBackoffMs: 4, idleMs: 5000, maxRetryAfterMs: 60 };
  return { ...settings, ...more, timing: { ...settings.timing, ...quick, ...timing } };
}

/** A card that names one split's files. */
export function card(path: unknown, more: Readonly<Record<string, unknown>> = {}): HubFixture["card"] {
  return { configs: [{ config_name: "default", data_files: [{ split: "train", path }], ...more }] };
}

export function request(datasetId: string, more: Partial<HubRequest> = {}): HubRequest {
  const usual = { config: "", split: "train", revision: "main", sample: "hash", maxRows: 60_000 } as const;
  return { name: "mine", datasetId, ...usual, ...more };
}

/** The bytes of a Parquet file of what `sql` selects. */
export async function parquetBytes(
  sql: string,
  metadata?: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const path = join(temporaryFolder(), "rows.parquet");
  await writeParquet(path, sql, metadata);
  return readFileSync(path);
}
