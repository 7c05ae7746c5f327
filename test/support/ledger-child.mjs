// SPDX-License-Identifier: Apache-2.0
// node ledger-child.mjs <folder> <first>
// Adds a request and a row a step from <first> on, four at a time, until it is killed; prints the number of
// each step that was acknowledged.
import { writeSync } from "node:fs";
import { Ledger } from "../../dist/backfill/ledger.js";
import { sha256 } from "../../dist/storage/digest.js";

const [folder, first] = process.argv.slice(2);
const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
const fill = await ledger.beginFill(sha256("context"));
const common = { task: "t", label: "a", fill, model: "m", fingerprint: null, prompt: sha256("prompt") };
let next = Number(first);

async function write() {
  for (;;) {
    const i = next++;
    const key = sha256(`key ${i}`);
    const request = { ...common, key, purpose: "write", slot: i, attempt: 0, fault: null, usage: null };
    await ledger.addRequest({ ...request, text: `reply ${i} ${"x".repeat(i % 3000)}` });
    const row = { ...common, text: `row ${i}`, textB: null, language: "", order: i, request: key, seeds: [] };
    await ledger.addAccepted([row]);
    writeSync(1, `${i}\n`);
  }
}

await Promise.all([write(), write(), write(), write()]);
