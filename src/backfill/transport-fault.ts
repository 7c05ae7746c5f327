// SPDX-License-Identifier: Apache-2.0

/** What can go wrong between us and a server, before anything that it says is understood. */
export type FaultKind =
  | "away" // nobody answers at that address
  | "unresolved" // there is no such host
  | "untrusted" // its certificate, or that it speaks TLS at all, can't be verified
  | "redirected" // it points elsewhere
  | "dropped" // it closed the connection before it said anything
  | "broken" // the answer ended before its end
  | "silent" // nothing new for too long
  | "late" // not whole within the time for a request
  | "too_large" // more bytes than any answer has
  | "not_text"; // bytes that are no UTF-8

/**
 * A request that failed below HTTP's meaning. The message holds no address and never the word for a missed
 * deadline in two parts: the SDK replaces errors that have it, and their cause is lost.
 */
export class TransportFault extends Error {
  override readonly name = "TransportFault";
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

const AWAY = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** OpenSSL's and Node's names for what is wrong with a certificate or with the handshake. */
const UNTRUSTED = /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/;

/** What an error of undici or of the system means; `answered` once the head of an answer had come. */
export function faultOf(error: unknown, answered: boolean): TransportFault {
  if (error instanceof TransportFault) return error;
  const code = codeOf(error);
  if (AWAY.has(code)) return new TransportFault("away", `no connection (${code})`);
  if (code === "ENOTFOUND")
    return new TransportFault("unresolved", "there is no host of that name (ENOTFOUND)");
  if (UNTRUSTED.test(code)) return new TransportFault("untrusted", `no trusted connection (${code})`);
  const words = `${innermost(error)}`;
  if (/redirect/.test(words)) return new TransportFault("redirected", "it redirects");
  // The fetch standard's list of ports that belong to other protocols.
  if (/bad port/.test(words)) return new TransportFault("unresolved", "no HTTP is allowed on that port");
  const named = code === "" ? "" : ` (${code})`;
  return answered
    ? new TransportFault("broken", `the answer broke off${named}`)
    : new TransportFault("dropped", `the connection was closed without an answer${named}`);
}

function innermost(error: unknown): unknown {
  let at = error;
  for (let depth = 0; depth < 4 && at instanceof Error && at.cause !== undefined; depth++) at = at.cause;
  return at;
}

function codeOf(error: unknown): string {
  const inner = innermost(error);
  // Several addresses were tried: what the first one said stands for all.
  const one: unknown = inner instanceof AggregateError ? inner.errors[0] : inner;
  const { code } = Object(one) as { code?: unknown };
  return typeof code === "string" ? code : "";
}
