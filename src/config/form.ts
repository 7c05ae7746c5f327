// SPDX-License-Identifier: Apache-2.0

// The forms that texts of a config take, with the words that messages use for them. Each expression is
// anchored, and linear: no part of it can match what the next one does.

/** Names of tasks and families: they become parts of file names. */
export const NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** A language code as in BCP 47: `en`, `pt-BR`, `zh-Hant`. */
export const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;
export const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** The same, or empty: there is none. */
export const NO_OR_ENVIRONMENT_NAME = /^([A-Za-z_][A-Za-z0-9_]*)?$/;
/**
 * No system takes NUL in a path, and the other control characters are never meant. Not \p{Cc}: editors
 * run this as a pattern of JSON Schema, some without the u flag.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
export const PATH = /^[^\u0000-\u001f\u007f]+$/;
export const ADDRESS = /^https?:\/\/\S+$/;
/** A dataset on the Hub, `owner/name`; no part can be `.` or `..`. */
export const HUB_NAME = /^[A-Za-z0-9][\w.-]{0,95}(\/[A-Za-z0-9][\w.-]{0,95})?$/;
/** What can stand between the columns of a CSV file. */
export const DELIMITERS = [",", ";", "|", "\t"] as const;
export type Delimiter = (typeof DELIMITERS)[number];

const WORDS: ReadonlyMap<string, string> = new Map([
  [NAME.source, "a name of a to z, 0 to 9 and _ that starts with a letter (64 characters at most)"],
  [LANGUAGE.source, 'a language code such as "en" or "pt-BR"'],
  [ENVIRONMENT_NAME.source, "the name of an environment variable"],
  [NO_OR_ENVIRONMENT_NAME.source, "the name of an environment variable, or empty text"],
  [PATH.source, "a path without control characters"],
  [ADDRESS.source, "an address that starts with http:// or https://"],
  [HUB_NAME.source, 'a name on the Hub such as "owner/name"'],
]);

/** A pattern of the schema in words. */
export function formInWords(pattern: string): string {
  return WORDS.get(pattern) ?? `text of the form ${pattern}`;
}
