// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { retryAfterMs } from "../../src/data/retry-after.ts";

it.each([
  [{}, null],
  [{ "retry-after": "2" }, 2000],
  [{ "retry-after": "0.25" }, 250],
  [{ "retry-after": "1e9" }, 1e12],
  [{ "retry-after": "Infinity" }, Number.POSITIVE_INFINITY],
  [{ "retry-after": "0" }, null],
  [{ "retry-after": "-5" }, null],
  [{ "retry-after": "soon" }, null],
  [{ "retry-after": "" }, null],
  [{ "retry-after": "NaN" }, null],
  [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, null],
  [{ "retry-after-ms": "1500" }, 1500],
  [{ "retry-after-ms": "1500", "retry-after": "9" }, 1500],
  [{ "retry-after-ms": "-1", "retry-after": "9" }, 9000],
  [{ "retry-after-ms": "nonsense", "retry-after": "9" }, 9000],
])("%j asks for %d ms", (headers, expected) => {
  expect(retryAfterMs(new Headers(headers as Record<string, string>))).toBe(expected);
});

it("a date is as far away as it is", () => {
  const date = new Date(Date.now() + 90_000).toUTCString();
  const ms = retryAfterMs(new Headers({ "retry-after": date })) ?? 0;
  expect(ms).toBeGreaterThan(85_000);
  expect(ms).toBeLessThanOrEqual(90_000);
});
