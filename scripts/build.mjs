// SPDX-License-Identifier: Apache-2.0
// Compiles src/ into dist/. Does nothing, in a few milliseconds, when dist/ already comes from these sources.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
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

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function stamp(typescript) {
  const hash = createHash("sha256").update(typescript);
  const files = [
    ...sources(join(root, "src")),
    join(root, "tsconfig.json"),
    join(root, "tsconfig.build.json"),
  ];
  for (const file of files) hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

/**
 * Builds dist/ beside itself and swaps it in, so that a failed build leaves the last good one.
 * Returns tsc's messages, or null when the build is good. Throws where TypeScript is not installed.
 */
export function build() {
  const typescript = createRequire(import.meta.url).resolve("typescript/package.json");
  const wanted = stamp(readFileSync(typescript, "utf8"));
  const marker = join(dist, ".stamp");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return null;
  const fresh = join(root, `dist.${process.pid}.tmp`);
  mkdirSync(fresh, { recursive: true });
  try {
    const tsc = join(typescript, "..", "bin", "tsc");
    const run = spawnSync(
      process.execPath,
      [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", fresh],
      {
        encoding: "utf8",
      },
    );
    if (run.status !== 0) return `${run.stdout}${run.stderr}`;
    chmodSync(join(fresh, "cli", "main.js"), 0o755);
    writeFileSync(join(fresh, ".stamp"), wanted);
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
    return null;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const problems = build();
  if (problems !== null) {
    console.error(problems);
    process.exitCode = 1;
  }
}
