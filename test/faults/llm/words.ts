// SPDX-License-Identifier: Apache-2.0
import { type Random, seededRandom } from "../../../src/core/random.ts";

// The vocabulary of the test server's model: ordinary words that say nothing of a label, and made-up words that
// belong to one label each.

/** Words of a label's own. */
const OWN_WORDS = 40;

/** English that says nothing of a label. */
export const FILLER: readonly string[] = `
able about above across after again against almost alone along already also always among another answer anyone
apple around arrive asked aside autumn away back balcony basket because become before begin behind below beside
better between beyond blanket borrow both bottle bottom bright bring broad brother build button calm camera candle
careful carry castle certain chair chance cheerful choose circle city clean clear clever clock close cloud coast
coffee cold colour come common complete copper corner could cousin cover crowd curious daily dance dark daughter
decide deep degree deliver depend describe desert desk different dinner direct distant door double doubt down draw
dream drive during dusty each early earth east easy edge eight either empty enough entire even evening event ever
every exact example expect extra fair fall family famous farmer fast father favour feather fence field fifteen
figure final finger finish first flower follow foot forest forget forward found fresh friend front full future
garden gather general gentle give glass gold good grand grass great green ground grow guess half hall hand happen
happy hard harvest hear heavy help hidden high hill history hold hollow honest hope hour house hundred hurry idea
inside island join journey just keep kettle kind kitchen know ladder lake lamp large last late laugh lead learn
leave left less letter level light like line listen little local lonely long loud lucky lunch made mail many maple
market matter maybe meadow mean meet middle might mild minute mirror moment month moon more morning mother mountain
move much music narrow near neat need neighbour never next night noise north notice number ocean often older once
only open orange order other outside over own paper part past path patient pencil people perhaps piece place plain
plan plenty pocket point polite pond possible present pretty promise proper proud quarter question quick quiet quite
rain rather reach ready real reason remain remember repeat rest ribbon right ring river road roof room round rule
safe salt same sand school season second seem several shade shape share shelf shine short should side silent silver
simple since sister sleep slow small smooth snow soft some song soon south spare speak spring square stand start
station steady still stone story strange street strong sudden sugar summer sunny sure table talk tall teach tell
thank thing think third thousand through ticket tidy timber today together tomorrow tonight total touch toward town
travel tree true trust twelve twenty under until upper usual valley various very village visit voice wagon wait walk
wall warm wash watch water weather week well west wheel where while whole wide wild window winter wise without
wonder wood word work world write yard year yellow yesterday young
`
  .trim()
  .split(/\s+/);

const ONSETS = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "kl", "tr"];
const VOWELS = ["a", "e", "i", "o", "u", "ai", "oo"];
const CODAS = ["", "", "n", "r", "l", "s", "x"];

export function pick<T>(items: readonly T[], random: Random): T {
  return items[random.below(items.length)] as T;
}

const cache = new Map<string, readonly string[]>();

/** The words that only texts of a label have. */
export function wordsOf(label: string): readonly string[] {
  const known = cache.get(label);
  if (known !== undefined) return known;
  const random = seededRandom(7, `label ${label}`);
  const words = new Set<string>();
  while (words.size < OWN_WORDS) {
    const syllable = () => pick(ONSETS, random) + pick(VOWELS, random) + pick(CODAS, random);
    words.add(syllable() + syllable() + (random.below(2) === 0 ? "" : syllable()));
  }
  const made = [...words];
  cache.set(label, made);
  return made;
}
