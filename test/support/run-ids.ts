// SPDX-License-Identifier: Apache-2.0
import { newRunId } from "../../src/storage/owner.ts";

/** The parts of a run id, in its order. */
export interface RunIdParts {
  readonly pid: string;
  readonly start: string;
  readonly boot: string;
  readonly namespace: string;
  readonly host: string;
}

/** A run id like this process's, with some of its parts changed. */
export async function runIdWith(parts: Partial<RunIdParts>): Promise<string> {
  const [pid = "", start = "", boot = "", namespace = "", host = "", nonce = ""] = (await newRunId()).split(
    "-",
  );
  return Object.values({ pid, start, boot, namespace, host, ...parts, nonce }).join("-");
}

/** The id of a run whose pid another process has got since: as dead as a run can be. */
export function deadRunId(): Promise<string> {
  return runIdWith({ start: "1" });
}
