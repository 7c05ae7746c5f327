// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm } from "./npm.ts";
import { CHECKOUT } from "./pipeline-run.ts";

/** A package of this repository, packed as it would be published. */
export interface Tarball {
  readonly name: string;
  /** The folder that it is made of. */
  readonly source: string;
  /** The tarball. */
  readonly path: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  readonly unpackedSize: number;
}

/** Folders of the packages, by their names. */
export const PACKAGES = {
  modelpack: CHECKOUT,
  "modelpack-runtime": join(CHECKOUT, "packages", "runtime"),
} as const;

export type PackageName = keyof typeof PACKAGES;

/** Runs `npm pack` on a package, into a folder. Throws where it fails, or where it prints what is not npm's JSON. */
export function pack(name: PackageName, folder: string): Tarball {
  const source = PACKAGES[name];
  const run = npm(source, ["pack", "--json", "--pack-destination", folder]);
  if (run.status !== 0) throw new Error(run.stderr);
  const [packed] = JSON.parse(run.stdout) as (Omit<Tarball, "source" | "path"> & { filename: string })[];
  if (packed === undefined) throw new Error(run.stdout);
  return { ...packed, source, path: join(folder, packed.filename) };
}

/** Makes an empty project with these tarballs installed; its folder, and what npm said. */
export function projectWith(folder: string, tarballs: readonly Tarball[]) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"name": "app", "private": true}');
  const installed = npm(folder, ["install", "--omit=dev", ...tarballs.map(({ path }) => path)]);
  if (installed.status !== 0) throw new Error(installed.stderr);
  return { folder, installed };
}

/** The package.json of a folder. */
export function packageJson(folder: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
}
