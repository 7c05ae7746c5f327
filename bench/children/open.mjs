// SPDX-License-Identifier: Apache-2.0
// Opens a pack in a fresh process: node open.mjs PACK. Prints one JSON line, in milliseconds.
const started = performance.now();
const { openModelpack } = await import("../../dist/runtime/node.js");
const imported = performance.now();
const pack = await openModelpack(process.argv[2], { strict: true });
const opened = performance.now();
const [{ task }] = pack.status().tasks;
pack.predict(task, "wire 200 euros to Anna");
console.log(
  JSON.stringify({
    import_ms: imported - started,
    open_ms: opened - imported,
    first_ms: performance.now() - opened,
  }),
);
