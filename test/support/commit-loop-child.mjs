// SPDX-License-Identifier: Apache-2.0
// node commit-loop-child.mjs <root>: commits version after version until it is killed; prints each.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitVersion } from "../../dist/storage/commit.js";

for (let i = 0; ; i++) {
  const version = i.toString(16).padStart(12, "0");
  const write = async (folder) => {
    for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), version.repeat(1000));
  };
  await commitVersion({
    root: process.argv[2],
    version,
    write,
    manifest: (files) => ({ files }),
    pointer: "latest.json",
  });
  console.log(version);
}
