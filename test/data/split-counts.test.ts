// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { writeFamily } from "../../src/data/dataset.ts";
import { withEngine } from "../../src/data/engine.ts";
import { countFamily } from "../../src/data/split-counts.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { dealt, type RowSpec } from "./support.ts";

const HOSTILE = `'); DROP TABLE rows; -- <script>`;

describe("countFamily", () => {
  it("counts rows by label, source and origin, whatever their names are", async () => {
    const folder = temporaryFolder();
    const specs: RowSpec[] = [
      { text: "one", label: "a", source: "x" },
      { text: "two", label: "a", source: "x" },
      { text: "three", label: "b", source: HOSTILE, origin: "synthetic" },
    ];
    const task = dealt("first", specs);
    await writeFamily(folder, "family", [{ ...task, split: new Uint8Array(3) }]);
    const counts = await countFamily(folder, "family", withEngine);
    const of = { split: "train", task: "first" };
    expect(counts).toEqual([
      { ...of, label: "a", source: "x", origin: "real", rows: 2 },
      { ...of, label: "b", source: HOSTILE, origin: "synthetic", rows: 1 },
    ]);
  });
});
