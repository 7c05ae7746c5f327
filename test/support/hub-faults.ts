// SPDX-License-Identifier: Apache-2.0

/** What the server is about to answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The whole file that `body` is a part of, or all of. */
  readonly file?: Buffer;
  /** Bytes of the body after which the connection is destroyed. */
  readonly cutAt?: number;
  /** Bytes of the body after which nothing more comes, while the connection stays open. */
  readonly stallAt?: number;
  /** No Content-Length: the end of the connection is the end of the body. */
  readonly unframed?: boolean;
  /** Milliseconds before each piece of the body, and how many bytes one has. */
  readonly drip?: { readonly ms: number; readonly bytes: number };
}

/** A fault: what is answered in place of `reply`. */
export type Fault = (reply: Reply) => Reply;

/** The connection is destroyed after `bytes` of the body. */
export function cut(bytes: number): Fault {
  return (reply) => ({ ...reply, cutAt: bytes });
}

/** The body ends after `bytes`, and nothing says that it should be longer. */
export function cutUnframed(bytes: number): Fault {
  return (reply) => ({ ...reply, body: reply.body.subarray(0, bytes), unframed: true });
}

/** Nothing comes after `bytes` of the body. */
export function stall(bytes: number): Fault {
  return (reply) => ({ ...reply, stallAt: bytes });
}

/** `bytes` of the body each `ms`. */
export function drip(ms: number, bytes = 1024): Fault {
  return (reply) => ({ ...reply, drip: { ms, bytes } });
}

/** The whole file with status 200, whatever was asked. */
export function wholeFile(): Fault {
  return (reply) => {
    const { "content-range": _range, ...headers } = reply.headers;
    return { ...reply, status: 200, headers, body: reply.file ?? reply.body };
  };
}

/** A 206 that begins `by` bytes from where it was asked to, and says so. */
export function shiftedRange(by: number): Fault {
  return (reply) => {
    const file = reply.file ?? reply.body;
    const from = Math.max(0, file.length - reply.body.length + by);
    const headers = { ...reply.headers, "content-range": `bytes ${from}-${file.length - 1}/${file.length}` };
    return { ...reply, status: 206, headers, body: file.subarray(from) };
  };
}

/** A 206 whose Content-Range is right and whose bytes are the file's first. */
export function lyingRange(): Fault {
  return (reply) => ({ ...reply, body: (reply.file ?? reply.body).subarray(0, reply.body.length) });
}

/** Other headers; null removes one. */
export function withHeaders(changes: Readonly<Record<string, string | null>>): Fault {
  return (reply) => {
    const merged = Object.entries({ ...reply.headers, ...changes });
    return {
      ...reply,
      headers: Object.fromEntries(merged.filter((one): one is [string, string] => one[1] !== null)),
    };
  };
}

/** The same answer about other bytes of the same length: the byte at `at` of the body is flipped. */
export function flipped(at: number): Fault {
  return (reply) => {
    const body = Buffer.from(reply.body);
    body[at] = (body[at] ?? 0) ^ 0xff;
    return { ...reply, body };
  };
}

/** An answer without a file: a status, headers and a body. */
export function answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Fault {
  return () => ({ status, headers: { "content-type": "text/plain", ...headers }, body: Buffer.from(body) });
}

/** A redirect to another address. */
export function redirect(location: string, status = 302): Fault {
  return answer(status, { location });
}

/** The connection is destroyed before a byte is answered. */
export function reset(): Fault {
  return (reply) => ({ ...reply, status: 0 });
}
