// SPDX-License-Identifier: Apache-2.0
// The entry behind `npm run train`.
import { run } from "./cli.mjs";

await run(["train", ...process.argv.slice(2)]);
