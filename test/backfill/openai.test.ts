// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { connectServer } from "../../src/backfill/probe.ts";
import { llmServer, rowsRequest, settingsFor } from "../faults/llm/support.ts";
import { rejection } from "../support/failure.ts";

it("repeats nothing of a prompt that a server's error holds", async () => {
  const server = await llmServer();
  const client = await connectServer(settingsFor(server));
  server.play({
    fault: ({ response, seen }) => {
      const detail = [
        { loc: ["body", "seed"], msg: "Input should be less than 9", input: seen.body.messages },
      ];
      response.writeHead(422, { "content-type": "application/json" });
      response.end(JSON.stringify({ detail }));
    },
  });
  const error = await rejection(client.complete(rowsRequest(1)));
  expect(error.code).toBe("LLM_INCOMPATIBLE");
  expect(error.message).toContain("Input should be less than 9");
  expect(error.message).not.toContain("You write rows");
});
