// SPDX-License-Identifier: Apache-2.0
// node hold-child.mjs <folder> [release]: takes the lock of a folder and holds it until it is killed, or
// gives it back at once; prints {"code", "message"}, the code null where it got the lock.
import { acquireLock } from "../../dist/storage/lock.js";

const [folder, release] = process.argv.slice(2);
try {
  const lock = await acquireLock(folder, "hold");
  if (release) await lock.release();
  else setInterval(() => {}, 1000);
  console.log(JSON.stringify({ code: null }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
