// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import {
  type downloadHubFiles,
  type HubDataset,
  type HubSettings,
  resolveHubDataset,
} from "../../src/data/hub.ts";
import { partialFolder } from "../../src/data/hub-cache.ts";
import { hubServer, request, settingsFor } from "../support/hub.ts";
import type { HubServer } from "../support/hub-server.ts";

/** Size of the file of the scene. */
export const BYTES = 64_000;
const random = seededRandom(3, "hub download");
export const content = Buffer.from(Array.from({ length: BYTES }, () => random.below(256)));
/** As many bytes, and others. */
export const other = Buffer.from(content).reverse();

/** A file in LFS comes from the other host, by its sha256; one in git from the Hub itself, by its git digest. */
export const KINDS = [
  { kind: "LFS", name: "data/rows.parquet", bytesOf: /X-Amz-Signature/, host: "cdn" },
  { kind: "git", name: "data/rows.jsonl", bytesOf: /resolve-cache/, host: "hub" },
] as const;
export type Kind = (typeof KINDS)[number];

/** A server with one dataset of one file, which is resolved and not fetched. */
export interface Scene {
  readonly server: HubServer;
  readonly settings: HubSettings;
  readonly dataset: HubDataset;
}

export async function sceneOf(
  { name }: Kind,
  timing: Parameters<typeof settingsFor>[2] = {},
): Promise<Scene> {
  const configs = [{ config_name: "default", data_files: "data/*" }];
  const server = await hubServer([{ id: "me/rows", card: { configs }, files: { [name]: content } }]);
  const settings = settingsFor(server, {}, timing);
  const dataset = await resolveHubDataset(request("me/rows"), settings);
  server.reset();
  return { server, settings, dataset };
}

/** Ranges that were asked of the host that has the bytes. */
export function ranges({ server }: Scene, { bytesOf }: Kind): (string | undefined)[] {
  return server.requests
    .filter(({ url }) => bytesOf.test(url))
    .map(({ headers }) => headers.range as string | undefined);
}

/** Asserts that the cache holds the file and nothing that is not whole. */
export function expectWhole(
  scene: Scene,
  { files }: Awaited<ReturnType<typeof downloadHubFiles>>,
  bytes = content,
): void {
  expect(files).toHaveLength(1);
  expect(readFileSync(files[0]?.path ?? "").equals(bytes)).toBe(true);
  expect(files[0]?.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(readdirSync(partialFolder(scene.settings.cacheDir))).toEqual([]);
}

export const LFS = KINDS[0];
