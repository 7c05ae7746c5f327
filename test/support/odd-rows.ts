// SPDX-License-Identifier: Apache-2.0
import { seededRandom } from "../../src/core/random.ts";

/**
 * Pieces of text that Node versions, locales and case tables may treat each in their own way: Node 20.19.0
 * knows Unicode 16, its later releases 17.
 */
const PIECES: Readonly<Record<string, readonly string[]>> = {
  accents: [
    "café",
    "cafe\u0301",
    "\u1e69",
    "s\u0307\u0323",
    "s\u0323\u0307",
    "Ångström",
    "\u212bngstro\u0308m",
    "ÇA",
    "naïve",
  ],
  case: [
    "ı",
    "I",
    "İ",
    "i\u0307",
    "ISPARTA",
    "ısparta",
    "ß",
    "ẞ",
    "STRASSE",
    "ΣΟΦΟΣ",
    "σοφος",
    "σοφός",
    "ǅ",
    "ŉ",
  ],
  compatibility: ["ﬁn", "fin", "Ｆｕｌｌ", "①②", "½", "㎏", "ⅷ", "ｶﾞ", "\u2126", "\u00b5"],
  scripts: ["東京都", "한국어", "한국어", "हिन्दी", "ไทย", "שָׁלוֹם", "مَرْحَبًا", "ქართული", "ᲥᲐᲠᲗᲣᲚᲘ", "ꭰꮃ", "Ꭰ"],
  emoji: ["👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇵🇹", "☺️", "☺", "🫩", "\u{1fac8}"],
  // Letters with case, letters that decompose, marks that reorder: of Unicode 16.
  unicode16: [
    "\u1c89\u1c8a",
    "\ua7cb",
    "\ua7da\ua7db",
    "\u{10d50}\u{10d70}",
    "\u{105c9}",
    "\u{105d2}\u0307",
    "\u{105e4}",
    "\u{11383}",
    "\u{11382}\u{113c9}",
    "\u{113c5}",
    "\u{16121}",
    "\u{1611e}\u{1611e}",
    "\u{16d68}",
    "\u{1ccd6}\u{1ccf0}",
    "a\u0897\u0323",
    "a\u0323\u0897",
    "\u{10d4e}",
  ],
  unicode17: [
    "\u{16ea0}\u{16ebb}",
    "\ua7ce\ua7cf",
    "\ua7d2\ua7d3",
    "a\u1acf\u0323",
    "a\u1ae0",
    "\u{10ec5}",
    "\u{1df1f}",
  ],
  nothing: ["\u0378", "\u{e0fff}", "\u{3fffe}", "\uffff", "\u{10ffff}", "\ue000"],
  spaces: [
    "a\u00a0b",
    "a\u2003b",
    "a\u200bb",
    "a\u200db",
    "a\u2028b",
    "a\u0085b",
    "a\u180eb",
    "a\ufeffb",
    "a\tb",
  ],
};

const PLAIN = [
  "transfer",
  "holiday",
  "please",
  "where",
  "my",
  "card",
  "is",
  "the",
  "late",
  "train",
  "a",
  "of",
];

/** Rows that are read the same by every Node: JSON lines with text, text_a, text_b and one of `labels`. */
export function oddRows(count: number, labels: readonly string[]): string {
  const random = seededRandom(1516, "odd rows");
  const pick = (list: readonly string[]) => list[random.below(list.length)] as string;
  const groups = Object.values(PIECES);
  const lines = Array.from({ length: count }, () => {
    const label = random.below(labels.length);
    const text = () => {
      const words = Array.from({ length: 3 + random.below(6) }, () =>
        random.below(3) === 0 ? pick(PLAIN) : pick(groups[random.below(groups.length)] as readonly string[]),
      );
      // What there is to learn: two groups of pieces for each label, most of the time.
      for (let i = 0; i < 2; i++)
        if (random.below(5) > 0)
          words.push(pick(groups[(label * 2 + i) % groups.length] as readonly string[]));
      return words.join(random.below(4) === 0 ? "" : " ");
    };
    return JSON.stringify({ text: text(), text_a: text(), text_b: text(), label: labels[label] });
  });
  return `${lines.join("\n")}\n`;
}
