// SPDX-License-Identifier: Apache-2.0
import { MAX_ANSWER_BYTES } from "./transport.ts";
import { TransportFault } from "./transport-fault.ts";

const LINE_FEED = 0x0a;

/**
 * Lines of a body as bytes, one at a time: the file of 50,000 replies is longer than a string may be. A last line
 * without an end is given where it is whole JSON; half a one means that the body was cut, which under
 * connection-close framing comes without an error.
 */
export async function* bodyLines(body: AsyncIterable<Uint8Array>, touch: () => void): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    touch();
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end)]);
      parts = [];
      length = 0;
      from = end + 1;
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > MAX_ANSWER_BYTES)
      throw new TransportFault("too_large", `a line of more than ${MAX_ANSWER_BYTES} bytes`);
  }
  const last = Buffer.concat(parts);
  if (last.length === 0) return;
  if (!isJson(last)) throw new TransportFault("broken", "the file ends in half a line");
  yield last;
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}
