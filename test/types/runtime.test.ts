// SPDX-License-Identifier: Apache-2.0
import { expect, expectTypeOf, it } from "vitest";
import { loadModelpack, type Modelpack, type Prediction, type Reason } from "../../src/runtime/index.ts";
import { openModelpack } from "../../src/runtime/node.ts";

// What `modelpack types` writes.
type TaskLabels = {
  readonly query_domain: "general" | "finance";
  readonly conflict: "conflict" | "none";
};

it("a pack with types narrows tasks and labels", async () => {
  const pack = await openModelpack<TaskLabels>("nowhere", { defaults: { query_domain: "general" } });
  expectTypeOf(pack).toEqualTypeOf<Modelpack<TaskLabels>>();
  const answer = pack.predict("query_domain", "bank");
  expectTypeOf(answer).toEqualTypeOf<Prediction<"general" | "finance">>();
  expectTypeOf(answer.label).toEqualTypeOf<"general" | "finance" | null>();
  expectTypeOf(answer.model?.label).toEqualTypeOf<"general" | "finance" | undefined>();
  expectTypeOf(answer.probabilities?.[0]?.label).toEqualTypeOf<"general" | "finance" | undefined>();
  expectTypeOf(pack.predictPair("conflict", "a", "b").label).toEqualTypeOf<"conflict" | "none" | null>();
  expectTypeOf(pack.predictBatch("conflict", [["a", "b"]])).toEqualTypeOf<
    Prediction<"conflict" | "none">[]
  >();
  expect(answer).toMatchObject({ label: "general", reason: "no_model" });
});

it("a pack with types refuses other tasks, labels and options", async () => {
  const pack = await loadModelpack<TaskLabels>(new Uint8Array(0));
  // @ts-expect-error: no such task
  pack.predict("query_dom", "bank");
  // @ts-expect-error: a text is no number
  pack.predict("query_domain", 7);
  // @ts-expect-error: two texts
  pack.predictPair("conflict", "a");
  // @ts-expect-error: no such option
  pack.predict("query_domain", "bank", { probability: true });
  // @ts-expect-error: no such label
  if (pack.predict("query_domain", "bank").label === "travel") expect.fail();
  // @ts-expect-error: no such label
  await openModelpack<TaskLabels>("nowhere", { defaults: { query_domain: "travel" } });
  // @ts-expect-error: no such task
  await openModelpack<TaskLabels>("nowhere", { defaults: { intent: "travel" } });
  expect(pack.status().errors.length).toBe(1);
});

it("a pack without types takes any task and gives text", async () => {
  const pack = await openModelpack("nowhere", { defaults: { anything: "goes" } });
  expectTypeOf(pack.predict("anything", "text").label).toEqualTypeOf<string | null>();
  expectTypeOf(pack.predict("anything", "text").reason).toEqualTypeOf<Reason | undefined>();
  expect(pack.predict("anything", "text").label).toBe("goes");
});
