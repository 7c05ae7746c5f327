// SPDX-License-Identifier: Apache-2.0
// node commit-child.mjs '{"root", "version", "attempts"?, "openFiles"?, "fileBytes"?}'
// Commits one version, trying again after an error as a long-lived process would; prints a JSON line for
// each attempt: {"folder"} or {"code", "message", "hint", "left"} with what is left in the root.
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitVersion } from "../../dist/storage/commit.js";

const { root, version, attempts = 1, openFiles = false, fileBytes = 3000 } = JSON.parse(process.argv[2]);

async function write(folder) {
  mkdirSync(join(folder, "report"));
  writeFileSync(join(folder, "a.bin"), Buffer.alloc(fileBytes, version));
  writeFileSync(join(folder, "report", "b.txt"), version);
  writeFileSync(join(folder, "run.json"), "{}\n");
}

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
  const held = openFiles && attempt === 1 ? openAll() : [];
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
  console.log(JSON.stringify({ ...line, left: readdirSync(root) }));
}
