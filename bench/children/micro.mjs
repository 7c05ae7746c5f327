// SPDX-License-Identifier: Apache-2.0
// Every hot loop by itself: node micro.mjs SINGLE_PACK SHARED. Prints one JSON line, {loops: [{loop, file, unit, ns}]}.
import { measure } from "mitata";
import { openInputs } from "../loops/inputs.mjs";
import { PREDICTING } from "../loops/predicting.mjs";
import { PREPARING } from "../loops/preparing.mjs";
import { SOLVING } from "../loops/solving.mjs";
import { TRAINING } from "../loops/training.mjs";

/** Measures `work`, which does `units` of a loop; a loop that has changed its shape is stored with its error. */
async function measured({ loop, file, unit, make }, inputs) {
  try {
    const { units, work } = await make(inputs);
    const { p50, min } = await measure(work);
    console.error(`${loop}: ${(p50 / units).toPrecision(3)} ns per ${unit}`);
    return { loop, file, unit, ns: p50 / units, fastest_ns: min / units };
  } catch (error) {
    return { loop, file, unit, failed: error.message };
  }
}

const [pack, shared] = process.argv.slice(2);
const inputs = await openInputs(pack, shared);
const loops = [];
for (const loop of [...PREDICTING, ...TRAINING, ...SOLVING, ...PREPARING])
  loops.push(await measured(loop, inputs));
console.log(JSON.stringify({ loops }));
