// SPDX-License-Identifier: Apache-2.0
// The hot loops one by one, with mitata. Those of the runtime need the pack that part `ours` leaves behind.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lastJson, measureNode, reasonOf } from "../lib/child.mjs";

const CHILD = fileURLToPath(new URL("../children/micro.mjs", import.meta.url));

export async function run(context) {
  await context.steps("micro").run("loops", async () => {
    const run = await measureNode([CHILD, join(context.work, "public", "pack-single"), context.shared], {
      timeout: 900,
    });
    if (run.code !== 0) throw new Error(reasonOf(run, 900));
    return lastJson(run);
  });
}
