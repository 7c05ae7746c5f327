// SPDX-License-Identifier: Apache-2.0

/** What a stream shows: nothing but text, the 16 colours of old terminals, or 256 and more. */
export type Colours = "none" | "basic" | "many";

/** What of a stream says whether it shows colours. */
export interface ColourStream {
  readonly isTTY?: boolean;
  getColorDepth?(environment?: object): number;
}

/**
 * Whether and how results are coloured. The first of these that says something decides: `--no-color`, `FORCE_COLOR`
 * (`0` or `false` for none, `1` for 16 colours, all else for more), `NO_COLOR` (https://no-color.org), `TERM=dumb`,
 * and whether a terminal shows it. Node and most tools rank the two variables like that.
 */
export function coloursOf(
  stream: ColourStream,
  environment: Readonly<Record<string, string | undefined>>,
  isOff: boolean,
): Colours {
  if (isOff) return "none";
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment;
  if (force !== undefined)
    return force === "0" || force === "false" ? "none" : force === "1" ? "basic" : "many";
  if ((no !== undefined && no !== "") || term === "dumb" || stream.isTTY !== true) return "none";
  const depth = stream.getColorDepth?.(environment) ?? 1;
  return depth >= 8 ? "many" : depth >= 4 ? "basic" : "none";
}

/** Whether bars can be drawn: they move the cursor, which a dumb terminal can't. */
export function showsBars(
  stream: ColourStream,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && environment.TERM !== "dumb";
}

/** Backgrounds from faint to strong, for and against; black on each, so that a light and a dark terminal show them. */
const STYLES = {
  many: { for: [194, 157, 120, 83], against: [224, 217, 210, 203] },
  basic: { for: [42, 42, 102, 102], against: [41, 41, 101, 101] },
} as const;

/** Steps of strength. */
export const STRENGTHS = 4;

/** `text`, which must be safe for a terminal, on a colour: green for a strength over 0, red under it; 0 is none. */
export function painted(text: string, strength: number, colours: Colours): string {
  if (colours === "none" || strength === 0 || text === "") return text;
  const style =
    STYLES[colours][strength > 0 ? "for" : "against"][Math.min(Math.abs(strength), STRENGTHS) - 1];
  const background = colours === "many" ? `48;5;${style}` : `${style}`;
  return `\u001b[30;${background}m${text}\u001b[0m`;
}
