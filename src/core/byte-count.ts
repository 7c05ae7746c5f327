// SPDX-License-Identifier: Apache-2.0

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** A number of bytes for people: `512 bytes`, `3.4 MB`. */
export function bytesText(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  for (; amount >= 999.95 && unit + 1 < UNITS.length; unit++) amount /= 1000;
  return `${unit === 0 ? amount : amount.toFixed(1)} ${UNITS[unit]}`;
}
