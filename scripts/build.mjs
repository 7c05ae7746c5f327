// SPDX-License-Identifier: Apache-2.0
// Compiles src/ into dist/, and that into packages/runtime/dist/. Does nothing, in a few milliseconds, when both
// already come from these sources.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const runtime = join(root, "packages", "runtime");
const packager = fileURLToPath(new URL("runtime-package.mjs", import.meta.url));

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function stamp(tools) {
  const hash = createHash("sha256").update(tools.join());
  const files = [
    ...sources(join(root, "src")),
    join(root, "package.json"),
    join(root, "tsconfig.json"),
    join(root, "tsconfig.build.json"),
    packager,
  ];
  for (const file of files) hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

/** What a script printed that failed; null where it did not. */
function failureOf(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return status === 0 ? null : `${stdout}${stderr}`;
}

function swap(fresh, place) {
  rmSync(place, { recursive: true, force: true });
  renameSync(fresh, place);
}

/**
 * Builds both folders beside themselves and swaps them in, so that a failed build leaves the last good one.
 * Returns the tools' messages, or null when the build is good. Throws where they are not installed.
 */
export function build() {
  const { resolve } = createRequire(import.meta.url);
  const typescript = resolve("typescript/package.json");
  const wanted = stamp([typescript, resolve("rolldown/package.json")].map((path) => readFileSync(path)));
  const marker = join(dist, ".stamp");
  const shipped = join(runtime, "dist");
  if (existsSync(shipped) && existsSync(marker) && readFileSync(marker, "utf8") === wanted) return null;
  const fresh = join(root, `dist.${process.pid}.tmp`);
  const freshRuntime = join(runtime, `dist.${process.pid}.tmp`);
  mkdirSync(fresh, { recursive: true });
  try {
    const tsc = join(typescript, "..", "bin", "tsc");
    const failure =
      failureOf([tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", fresh]) ??
      failureOf([packager, fresh, join(fresh, "cjs"), freshRuntime]);
    if (failure !== null) return failure;
    chmodSync(join(fresh, "cli", "main.js"), 0o755);
    writeFileSync(join(fresh, ".stamp"), wanted);
    copyFileSync(join(root, "LICENSE"), join(runtime, "LICENSE"));
    swap(freshRuntime, shipped);
    // Last, for it has the stamp.
    swap(fresh, dist);
    return null;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(freshRuntime, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const problems = build();
  if (problems !== null) {
    console.error(problems);
    process.exitCode = 1;
  }
}
