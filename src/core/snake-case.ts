// SPDX-License-Identifier: Apache-2.0

/** `exactDuplicates` as `exact_duplicates`. */
type SnakeName<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeName<Tail>}`
  : "";
/** The members of `T`, renamed. */
export type SnakeCased<T> = { readonly [K in keyof T & string as SnakeName<K>]: T[K] };

/** `exactDuplicates` as `exact_duplicates`. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Names of ours as every other name in a file. */
export function snakeCase<T extends object>(report: T): SnakeCased<T> {
  const renamed = Object.entries(report).map(([name, value]) => [snakeName(name), value]);
  return Object.fromEntries(renamed) as SnakeCased<T>;
}
