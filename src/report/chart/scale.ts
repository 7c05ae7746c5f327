// SPDX-License-Identifier: Apache-2.0

/** From values to places along an axis, both linear. */
export interface Scale {
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
}

/** Place of a value on a scale; the middle where the domain is a single value. */
export function place({ domain: [from, to], range: [start, end] }: Scale, value: number): number {
  return from === to ? (start + end) / 2 : start + ((value - from) / (to - from)) * (end - start);
}

/** A coordinate as SVG gets it: hundredths are finer than any screen, and cost few bytes. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/** Round values along an axis, and how many decimals tell them apart. */
export interface Ticks {
  readonly values: readonly number[];
  readonly decimals: number;
}

/** Multiples of 1, 2 or 5 times a power of ten inside [from, to]; at most `most` steps. */
export function ticks(from: number, to: number, most: number): Ticks {
  const span = to - from;
  if (!(span > 0) || !Number.isFinite(span)) return { values: [from], decimals: from % 1 === 0 ? 0 : 2 };
  let power = 1;
  let decimals = 0;
  for (; span / power > most * 10; power *= 10);
  for (; span / power < most && decimals < 12; decimals++) power /= 10;
  const factor = [1, 2, 5, 10].find((one) => span / (one * power) <= most) ?? 20;
  if (factor >= 10 && decimals > 0) decimals -= 1;
  const step = factor * power;
  // A part in a million of slack: 0.1 + 0.2 is a tick at 0.3.
  const first = Math.ceil(from / step - 1e-6);
  const last = Math.floor(to / step + 1e-6);
  const values: number[] = [];
  for (let i = first; i <= last; i++) values.push(Number((i * step).toFixed(decimals)));
  return { values, decimals };
}

/** The domain grown to whole steps, so that the axis begins and ends with a tick. */
export function niceDomain(from: number, to: number, most: number): [number, number] {
  const { values } = ticks(from, to, most);
  const [first, second] = values;
  if (first === undefined || second === undefined) return [from, to];
  const step = second - first;
  const grown = (edge: number, by: number) => Number((edge + by).toFixed(12));
  const last = values[values.length - 1] as number;
  return [
    first > from + step * 1e-6 ? grown(first, -step) : first,
    last < to - step * 1e-6 ? grown(last, step) : last,
  ];
}
