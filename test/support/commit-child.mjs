// SPDX-License-Identifier: Apache-2.0
// node commit-child.mjs '{"root", "version", "attempts"?, "openFiles"?, "fileBytes"?, "free"?}'
// Commits one version, trying again after an error as a long-lived process would; prints a JSON line for
// each attempt: {"folder"} or {"code", "message", "hint", "left"} with what is left in the root.
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitVersion } from "../../dist/storage/commit.js";
import { newRunId } from "../../dist/storage/owner.js";

const {
  root,
  version,
  attempts = 1,
  openFiles = null,
  fileBytes = 3000,
  free = null,
} = JSON.parse(process.argv[2]);

async function write(folder) {
  mkdirSync(join(folder, "report"));
  writeFileSync(join(folder, "a.bin"), Buffer.alloc(fileBytes, version));
  writeFileSync(join(folder, "report", "b.txt"), version);
  writeFileSync(join(folder, "run.json"), "{}\n");
}

// "after": this process has looked up already who it is, and meets the limit later in its work.
if (openFiles === "after") await newRunId();

function openAll() {
  const open = [];
  for (;;) {
    try {
      open.push(openSync("/dev/null"));
    } catch {
      return open;
    }
  }
}

for (let attempt = 1; attempt <= attempts; attempt++) {
  const held = openFiles !== null && attempt === 1 ? openAll() : [];
  let line;
  try {
    line = {
      folder: await commitVersion({
        root,
        version,
        write,
        manifest: (files) => ({ files }),
        pointer: "latest.json",
      }),
    };
  } catch (error) {
    line = { code: error.code, message: error.message, hint: error.hint };
  }
  for (const file of held) closeSync(file);
  if (free !== null) rmSync(free, { force: true });
  console.log(JSON.stringify({ ...line, left: readdirSync(root) }));
}
