// SPDX-License-Identifier: Apache-2.0
// node partial-child.mjs <folder> <key> <text>...
// Writes each text to a partial file of its own, and is killed before it closes them.
import { PartialFile } from "../../dist/storage/partial.js";

const [folder, key, ...texts] = process.argv.slice(2);
const files = [];
for (const text of texts) {
  const file = await PartialFile.open(folder, key);
  await file.append(Buffer.from(text));
  files.push(file);
}
process.kill(process.pid, "SIGKILL");
