// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import { parseLock, renderLock } from "../../src/pipeline/lock-text.ts";
import { ASKED, COMMIT, lockedDataset, SHA256 } from "../support/locks.ts";

const parse = (text: string) => parseLock(Buffer.from(text), "datasets.lock.json");

function problemOf(text: string | Uint8Array): string {
  try {
    parseLock(typeof text === "string" ? Buffer.from(text) : text, "/project/datasets.lock.json");
  } catch (error) {
    if (!(error instanceof ModelpackError) || error.code !== "LOCK_INVALID") throw error;
    expect(error.where).toBe("/project/datasets.lock.json");
    expect(error.hint).toContain("restore the file from version control");
    return error.message.replace("the lock of the datasets can't be read: ", "");
  }
  return "none";
}

const FILE = { path: "a.csv", bytes: 1, sha256: SHA256, blob: null };
const ENTRY = {
  asked: { dataset_id: "o/n", config: "", split: "train", revision: "main" },
  ...{ dataset_id: "o/n", config: "default", split: "train", ref: "main", commit: COMMIT },
  ...{ license: null, class_labels: [], files: [FILE] },
};
const LEDGERS = ["../fills", "datasets/backfill"].map((ledger) => ({ ledger, rows: 7, sha256: SHA256 }));
const lockText = (entry: object = {}, more: object = {}) =>
  JSON.stringify({ format: 1, datasets: [{ ...ENTRY, ...entry }], backfill: null, ...more });

describe("the text of a lock", () => {
  it("is the same whatever order the entries came in, and ends with a newline", () => {
    const one = lockedDataset();
    const asked = { ...ASKED, datasetId: "another" };
    const two = lockedDataset({ asked, datasetId: "another/name", config: "__proto__", license: "mit" });
    const text = renderLock({ datasets: [one, two], backfill: [] });
    expect(renderLock({ datasets: [two, one], backfill: [] })).toBe(text);
    expect(text).toBe(`{
  "format": 1,
  "datasets": [
    {
      "asked": {
        "dataset_id": "another",
        "config": "",
        "split": "train",
        "revision": "main"
      },
      "dataset_id": "another/name",
      "config": "__proto__",
      "split": "train",
      "ref": "main",
      "commit": "${COMMIT}",
      "license": "mit",
      "class_labels": [],
      "files": [
        {
          "path": "data/train.parquet",
          "bytes": 10,
          "sha256": "${SHA256}",
          "blob": null
        }
      ]
    },
    {
      "asked": {
        "dataset_id": "owner/name",
        "config": "",
        "split": "train",
        "revision": "main"
      },
      "dataset_id": "owner/name",
      "config": "default",
      "split": "train",
      "ref": "main",
      "commit": "${COMMIT}",
      "license": null,
      "class_labels": [],
      "files": [
        {
          "path": "data/train.parquet",
          "bytes": 10,
          "sha256": "${SHA256}",
          "blob": null
        }
      ]
    }
  ],
  "backfill": null
}
`);
  });

  it("is read back as it was: odd names, the order of files and of classes, the backfill", () => {
    const files = ["z.csv", "a b/é#.csv"].map((path) => ({ path, bytes: 0, sha256: null, blob: COMMIT }));
    const classLabels = new Map([
      ["__proto__", ["10", "2", "constructor", ""]],
      ["10", ["\ud800", "a\u0000b"]],
      ["2", []],
    ]);
    const lock = {
      datasets: [lockedDataset({ files, classLabels, ref: "refs/convert/parquet" })],
      backfill: LEDGERS,
    };
    const text = renderLock(lock);
    expect(parse(text)).toEqual(lock);
    expect([...(parse(text).datasets[0]?.classLabels.keys() ?? [])]).toEqual(["__proto__", "10", "2"]);
    expect(renderLock(parse(text))).toBe(text);
  });

  it.each<[string, string]>([
    ["", "it is not JSON (Unexpected end of JSON input)"],
    ["[]", "it must be an object, got a list"],
    ["{}", "it has no format"],
    ["[".repeat(9), "it is nested deeper than 8 levels"],
    ['{"format": 1, "format": 1}', "it is an object with one key twice"],
    ['{"format": 2, "anything": 3}', "format 2 is of a newer modelpack; this one reads 1"],
    [lockText({}, { format: "1" }), 'format must be 1, got "1"'],
    [lockText({}, { more: 1 }), 'it has a key that none expects: "more"'],
    [lockText({}, { datasets: {} }), "datasets must be a list, got an object"],
    [lockText({}, { datasets: [ENTRY, ENTRY] }), "it has one dataset twice"],
    [lockText({}, { backfill: {} }), "backfill must be a list, got an object"],
    [
      lockText({}, { backfill: [{ ...LEDGERS[0], rows: -1 }] }),
      "backfill[0].rows must be a whole number, got -1",
    ],
    [lockText({}, { backfill: [{ ...LEDGERS[0], ledger: 1 }] }), "backfill[0].ledger must be text, got 1"],
    [lockText({}, { backfill: [LEDGERS[0], LEDGERS[0]] }), "it has one ledger twice"],
    [lockText({ commit: "main" }), 'datasets[0].commit must be 40 hex digits, got "main"'],
    [
      lockText({ dataset_id: "../../api/whoami" }),
      'datasets[0].dataset_id must be a name on the Hub such as "owner/name", got "../../api/whoami"',
    ],
    [lockText({ split: null }), "datasets[0].split must be text, got null"],
    [lockText({ split: "x".repeat(4097) }), "datasets[0].split is longer than 4096 characters"],
    [lockText({ files: [] }), "datasets[0] has no files"],
    [lockText({ files: [FILE, FILE] }), "datasets[0] has one file twice"],
    [
      lockText({ files: [{ ...FILE, sha256: SHA256.toUpperCase() }] }),
      `datasets[0].files[0].sha256 must be 64 hex digits, got "${SHA256.toUpperCase()}"`,
    ],
    [lockText({ files: [{ ...FILE, sha256: null }] }), "datasets[0].files[0] has neither sha256 nor blob"],
    [
      lockText({ files: [{ ...FILE, bytes: 1.5 }] }),
      "datasets[0].files[0].bytes must be a whole number, got 1.5",
    ],
    [
      lockText({ class_labels: [{ column: "a", names: [1] }] }),
      "datasets[0].class_labels[0].names[0] must be text, got 1",
    ],
    [
      lockText({
        class_labels: [
          { column: "a", names: [] },
          { column: "a", names: [] },
        ],
      }),
      "datasets[0].class_labels has one column twice",
    ],
  ])("%j is refused", (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it.each(["../a", "a/../b", "/a", "a//b", "a/", ".", "a\\b", "a\u0000b", ""])(
    "a file that is called %j is refused",
    (path) => {
      expect(problemOf(lockText({ files: [{ ...FILE, path }] }))).toContain("is no path inside a repository");
    },
  );

  it("is refused past 16 MB, where it is no UTF-8, and with the marks of a merge in it", () => {
    const large = Buffer.alloc((1 << 24) + 1, " ");
    expect(problemOf(large)).toBe("it has 16777217 bytes, over the most of 16777216");
    expect(problemOf(Buffer.from([0x22, 0xff, 0x22]))).toContain("not valid");
    expect(problemOf("<<<<<<< HEAD\n{}")).toContain("it is not JSON (");
  });

  it("is refused wherever it is cut off", () => {
    const text = renderLock({ datasets: [lockedDataset()], backfill: LEDGERS });
    for (let end = 0; end < text.length - 1; end++) expect(problemOf(text.slice(0, end))).not.toBe("none");
  });
});
