// SPDX-License-Identifier: Apache-2.0

/** `1 row`, `2 rows`. */
export function amount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
