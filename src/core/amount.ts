// SPDX-License-Identifier: Apache-2.0

/** A whole number in groups of three: `12,345`; the same on every machine, which toLocaleString is not. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 row`, `2 rows`; `digits` writes the number. */
export function amount(
  count: number,
  one: string,
  many = `${one}s`,
  digits: (count: number) => string = String,
): string {
  return `${digits(count)} ${count === 1 ? one : many}`;
}
