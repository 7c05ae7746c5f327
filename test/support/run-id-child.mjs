// SPDX-License-Identifier: Apache-2.0
// Prints the run id of a process of its own.
import { newRunId } from "../../dist/storage/owner.js";

console.log(JSON.stringify(await newRunId()));
