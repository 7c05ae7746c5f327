// SPDX-License-Identifier: Apache-2.0

// The SDK's own reader hides `[DONE]`, which tells a whole stream from one that was cut, and ends without an error
// when it is aborted.

/**
 * The data of each event of a stream (WHATWG's Server-Sent Events; other fields and comments are skipped). An
 * event that the end cuts off is given too: servers forget the last empty line.
 */
export async function* eventData(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of linesOf(pieces)) {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
    } else if (line.startsWith("data:")) {
      data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
    }
  }
  if (data.length > 0) yield data.join("\n");
}

/** Lines that end with LF, CR LF or CR; the last one with the end of the text. */
async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  // Parts of a line are joined once: adding piece to piece costs a square of the line's length.
  let parts: string[] = [];
  let afterCr = false;
  for await (const piece of pieces) {
    const rest = afterCr && piece.startsWith("\n") ? piece.slice(1) : piece;
    afterCr = piece.endsWith("\r");
    const lines = rest.split(/\r\n|\r|\n/);
    for (const line of lines.slice(0, -1)) {
      parts.push(line);
      yield parts.join("");
      parts = [];
    }
    parts.push(lines.at(-1) ?? "");
  }
  if (parts.join("") !== "") yield parts.join("");
}
