// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { silentReporter } from "../../src/core/reporter.ts";
import { DownloadProgress } from "../../src/pipeline/download-progress.ts";

it("sums the bytes of files that come at a time, also of one that begins again", () => {
  const seen: (readonly [string | null, number, number])[] = [];
  const reporter = {
    ...silentReporter,
    download: (...call: [string | null, number, number]) => void seen.push(call),
  };
  const progress = new DownloadProgress(reporter);
  progress.expect("a", 10);
  progress.expect("b", 20);
  progress.report("a", 5, 10);
  progress.report("b", 20, 20);
  progress.report("a", 1, 10);
  progress.report("a", 10, 10);
  progress.report("not expected", 1, 4);
  expect(seen.filter(([file]) => file === null)).toEqual([
    [null, 5, 30],
    [null, 25, 30],
    [null, 21, 30],
    [null, 30, 30],
    [null, 31, 34],
  ]);
  expect(seen.filter(([file]) => file !== null)).toEqual([
    ["a", 5, 10],
    ["b", 20, 20],
    ["a", 1, 10],
    ["a", 10, 10],
    ["not expected", 1, 4],
  ]);
});
