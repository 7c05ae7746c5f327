// SPDX-License-Identifier: Apache-2.0
// Makes, from the compiled modules, what people get who only predict: the CommonJS of the runtime's doors, which is in
// both packages, and all that modelpack-runtime ships; and the pipeline's door for CommonJS. scripts/build.mjs calls it with
// three folders.
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const DOORS = ["index", "node"];
const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/**
 * Bundles doors of `compiled` into `out`: a file a door, one that loads packs, one of what doors and parts share, and one a
 * part that is loaded on demand.
 */
async function bundle(compiled, out, doors, { format, minify }) {
  const build = await rolldown({
    input: Object.fromEntries(doors.map((door) => [door, join(compiled, "runtime", `${door}.js`)])),
    // Comments of the bundle name the modules from here, whatever the folder is called.
    cwd: compiled,
    platform: "neutral",
    external: /^node:/,
    // One door alone may hold what the parts share with it: a page waits for one file less.
    preserveEntrySignatures: doors.length > 1 ? "strict" : "allow-extension",
  });
  // What loads the parts stands apart from what they import: where both are one file, that is a cycle, of which a bundler
  // drops nothing for a page that needs little of it.
  const shared = {
    name: "shared",
    test: (id) => !id.startsWith(join(compiled, "runtime")),
    minShareCount: 2,
  };
  await build.write({
    ...(doors.length > 1 ? { codeSplitting: { groups: [shared] } } : {}),
    dir: out,
    format,
    minify,
    comments: false,
    chunkFileNames: "[name].js",
    postBanner: `/*! modelpack ${version}, ${license} */`,
  });
  await build.close();
}

/** The declarations that `doors` reach, paths from `compiled`. */
function declarations(compiled, doors) {
  const found = new Set();
  const visit = (file) => {
    if (found.has(file)) return;
    found.add(file);
    const { importedFiles } = ts.preProcessFile(readFileSync(join(compiled, file), "utf8"));
    for (const { fileName } of importedFiles.filter((one) => one.fileName.startsWith(".")))
      visit(relative(compiled, join(compiled, dirname(file), fileName.replace(/\.[jt]s$/, ".d.ts"))));
  };
  for (const door of doors) visit(door);
  return [...found];
}

function copyDeclarations(compiled, out, doors = DOORS.map((door) => join("runtime", `${door}.d.ts`))) {
  for (const file of declarations(compiled, doors)) {
    mkdirSync(join(out, dirname(file)), { recursive: true });
    copyFileSync(join(compiled, file), join(out, file));
  }
}

/** The doors as CommonJS: a folder of that type, with declarations of that type beside them. */
async function commonjs(compiled, out) {
  await bundle(compiled, out, DOORS, { format: "cjs", minify: false });
  copyDeclarations(compiled, join(out, "types"));
  writeFileSync(join(out, "package.json"), '{ "type": "commonjs" }\n');
}

/** The pipeline for require(): Node loads the ES module itself, and TypeScript wants declarations of that type. */
function pipelineDoor(compiled, out) {
  copyDeclarations(compiled, join(out, "types"), ["index.d.ts"]);
  writeFileSync(join(out, "pipeline.js"), 'module.exports = require("../index.js");\n');
}

const [compiled, own, shipped] = process.argv.slice(2);
await commonjs(compiled, own);
await bundle(compiled, shipped, DOORS, { format: "esm", minify: false });
await bundle(compiled, join(shipped, "min"), ["index"], { format: "esm", minify: true });
copyDeclarations(compiled, join(shipped, "types"));
cpSync(own, join(shipped, "cjs"), { recursive: true });
pipelineDoor(compiled, own);
