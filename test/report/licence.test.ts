// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { cardLicence } from "../../src/report/licence.ts";

it.each([
  [["MIT", "mit "], { license: "mit" }],
  [["CC0-1.0"], { license: "cc0-1.0" }],
  [["", ""], { license: "unknown" }],
  [[], { license: "unknown" }],
  [["mit", ""], { license: "other", license_name: "see-the-datasets" }],
  [["mit", "cc-by-4.0"], { license: "other", license_name: "see-the-datasets" }],
  [["my own: ask me"], { license: "other", license_name: "see-the-datasets" }],
])("%j make %j", (licences, card) => {
  expect(cardLicence(licences)).toEqual(card);
});
