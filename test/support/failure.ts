// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../../src/core/error.ts";

/** Code of the ModelpackError that `work` throws; null when it throws none. Any other error goes on. */
export function failure(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof ModelpackError) return error.code;
    throw error;
  }
}

/** The ModelpackError that a promise rejects with; throws where it resolves, or rejects otherwise. */
export async function rejection(work: Promise<unknown>): Promise<ModelpackError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error("it was expected to fail");
}
