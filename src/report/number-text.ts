// SPDX-License-Identifier: Apache-2.0
import { amount, countText } from "../core/amount.ts";

/** What stands where there is no figure. */
export const NONE = "–";

/** A figure such as an F1 or a log loss, with `digits` decimals. */
export function figureText(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? NONE : value.toFixed(digits);
}

/** A share in [0, 1] as `93.5 %`; the space does not break. */
export function percentText(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? NONE : `${(share * 100).toFixed(digits)}\u00a0%`;
}

/** `1 row`, `12,345 rows`. */
export function amountText(count: number, one: string, many?: string): string {
  return amount(count, one, many, countText);
}
