// SPDX-License-Identifier: Apache-2.0

/** What stands where there is no figure. */
export const NONE = "–";

/** A figure such as an F1 or a log loss, with `digits` decimals. */
export function figureText(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? NONE : value.toFixed(digits);
}

/** A share in [0, 1] as `93.5 %`. */
export function percentText(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? NONE : `${(share * 100).toFixed(digits)} %`;
}

/** A whole number in groups of three: `12,345`. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 row`, `12,345 rows`. */
export function amountText(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
