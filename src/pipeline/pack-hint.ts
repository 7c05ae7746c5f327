// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from "../core/error.ts";

/** What to do about a pack that can't be opened: one of another format, or a damaged one. */
export function packHint(code: ErrorCode): string {
  if (code === "MODEL_TOO_OLD") return "run `modelpack train` again";
  if (code === "MODEL_TOO_NEW") return "update modelpack";
  return "`modelpack train` replaces a damaged version of its own; copy one from elsewhere again";
}
