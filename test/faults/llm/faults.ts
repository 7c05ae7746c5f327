// SPDX-License-Identifier: Apache-2.0
import { REPLY_FAULTS } from "./reply-faults.ts";
import { TRANSPORT_FAULTS } from "./transport-faults.ts";

/**
 * Every fault that the test server plays, by name, with its row of RELIABILITY.md's table. Rows 1 and 3 are
 * addresses where no server is.
 */
export const FAULTS = { ...TRANSPORT_FAULTS, ...REPLY_FAULTS };

export type FaultName = keyof typeof FAULTS;
