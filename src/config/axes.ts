// SPDX-License-Identifier: Apache-2.0

/**
 * What a request for rows draws at random, a value of each axis for each row, where the TOML does not say
 * otherwise: rows from attributes differ, rows from the name of a class alone are alike (arXiv 2306.15895).
 */
export const DEFAULT_AXES: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "length",
    [
      "two to five words",
      "six to twelve words",
      "one plain sentence",
      "one long sentence with a subordinate clause",
      "two or three short sentences",
      "a paragraph of 40 to 80 words",
    ],
  ],
  [
    "persona",
    [
      "a teenager at school",
      "a student who lives away from home",
      "a parent of small children",
      "a nurse on shifts",
      "a software engineer",
      "the owner of a small shop",
      "an office worker in a large company",
      "a craftsman on a building site",
      "a retired teacher",
      "a newcomer who is still learning the language",
      "a researcher who weighs every word",
      "somebody who helps an old neighbour with everything",
    ],
  ],
  [
    "register",
    [
      "formal and polite",
      "neutral and matter-of-fact",
      "casual, as to a friend",
      "short and clipped, as in a note to oneself",
      "typed in haste: lower case, a slip or two",
      "emotional: glad, worried or annoyed",
      "technical, with the terms of the trade",
      "roundabout: hints at it instead of saying it",
    ],
  ],
  [
    "situation",
    [
      "in the middle of a longer conversation",
      "the very first message",
      "coming back to something from days ago",
      "on the way, on a phone",
      "at work, between two meetings",
      "at home in the evening",
      "under time pressure",
      "after something went wrong",
      "planning well ahead",
      "asking on behalf of somebody else",
    ],
  ],
]);
