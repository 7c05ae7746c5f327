// SPDX-License-Identifier: Apache-2.0
// Reads a folder's path a line, tries its lock once, and answers "held" or the error's code. An empty line
// gives the lock back and answers "released".
import { createInterface } from "node:readline";
import { acquireLock } from "../../dist/storage/lock.js";

let lock = null;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "") {
    await lock?.release();
    lock = null;
    console.log("released");
    continue;
  }
  try {
    lock = await acquireLock(line, "race");
    console.log("held");
  } catch (error) {
    console.log(error.code ?? String(error));
  }
}
