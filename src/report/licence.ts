// SPDX-License-Identifier: Apache-2.0

/** The licences that a card of the Hub may name (huggingface.co/docs/hub/repositories-licenses). */
const HUB_LICENCES = new Set(
  `apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
  afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
  cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
  cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
  cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1
  lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr`.split(
    /\s+/,
  ),
);

/** The `license` of a card, and `license_name` where the Hub has no name for it. */
export interface CardLicence {
  readonly license: string;
  readonly license_name?: string;
}

/**
 * The licence of what is made from datasets of these licences: theirs where all agree on one that the Hub knows,
 * `unknown` where none states any, and `other` where they differ, one is missing, or the Hub has no such name.
 */
export function cardLicence(licences: readonly string[]): CardLicence {
  const names = new Set(licences.map((licence) => licence.trim().toLowerCase()));
  const [only = ""] = names;
  if (names.size > 1) return { license: "other", license_name: "see-the-datasets" };
  if (only === "") return { license: "unknown" };
  return HUB_LICENCES.has(only) ? { license: only } : { license: "other", license_name: "see-the-datasets" };
}
