// SPDX-License-Identifier: Apache-2.0
// node probe-child.mjs <folder>: prints {"code", "message", "hint"}; the code is null where it is writable.
import { probeWritable } from "../../dist/storage/commit.js";

try {
  await probeWritable(process.argv[2]);
  console.log(JSON.stringify({ code: null }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message, hint: error.hint }));
}
