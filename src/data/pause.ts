// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from "node:timers/promises";

/** How long a loop may keep the event loop from signals, in milliseconds. */
const TURN_MS = 50;

/**
 * For long loops: `if (pause.due()) await pause.turn()`. Without a turn of the event loop no signal
 * arrives, and Ctrl-C would wait for the end of the step.
 */
export interface Pause {
  due(): boolean;
  turn(): Promise<void>;
}

export function newPause(): Pause {
  let last = performance.now();
  return {
    due: () => performance.now() - last > TURN_MS,
    turn: async () => {
      await setImmediate();
      last = performance.now();
    },
  };
}
