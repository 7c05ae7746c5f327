// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { retryAfterOf } from "./retry-after.ts";

// What the Hub and the network say, as errors that say what to do.

/** Characters that we repeat of what a server says. */
const MAX_SAID = 200;

/** What a request is about. */
export interface HubSubject {
  readonly endpoint: string;
  readonly datasetId: string;
  readonly revision?: string;
  readonly file?: string;
  readonly hasToken: boolean;
}

/** What may pass when it is tried again; `failure` is what to throw when it does not. */
export class Transient extends Error {
  readonly failure: ModelpackError;
  /** What the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** Nobody answers there at all: a few tries are enough. */
  readonly isAway: boolean;

  constructor(failure: ModelpackError, options: { retryAfterMs?: number | null; isAway?: boolean } = {}) {
    super(failure.message);
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.isAway = options.isAway ?? false;
  }
}

/** The parts of an answer that tell why it is a refusal. */
export interface Refusal {
  readonly status: number;
  /** The Hub's X-Error-Code. */
  readonly code: string | null;
  /** What it says, without what could harm a terminal. */
  readonly says: string;
  readonly retryAfter: string | null;
  /** Whether the endpoint itself answered, not a host that it redirected to. */
  readonly fromHub: boolean;
}

export function placeOfHub({ datasetId, file }: { datasetId: string; file?: string | undefined }): string {
  const dataset = `dataset ${JSON.stringify(datasetId)} on the Hub`;
  return file === undefined ? dataset : `${dataset}, file ${JSON.stringify(file)}`;
}

/** A server's words, shortened and without control characters. */
export function said(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = text.slice(0, MAX_SAID * 4).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]+/g, " ");
  return plain.length > MAX_SAID ? `${plain.slice(0, MAX_SAID)}…` : plain.trim();
}

/** The error for a status that is no success. */
export function refused(subject: HubSubject, refusal: Refusal): ModelpackError | Transient {
  const { status, code, fromHub } = refusal;
  if (status === 429) return tooMany(subject, refusal);
  // A signed address of another host that has expired: the next attempt gets a new one.
  if (status >= 500 || status === 408 || (!fromHub && (status === 401 || status === 403)))
    return failing(subject, refusal);
  if (code === "GatedRepo") return gated(subject);
  if (status === 401) return unauthorized(subject, refusal);
  if (status === 404) return missing(subject, refusal);
  return new ModelpackError("HUB_DENIED", `the Hub answers ${status}${quoted(refusal.says)}`, {
    where: placeOfHub(subject),
    hint: `see what ${pageOf(subject)} says`,
  });
}

function quoted(says: string): string {
  return says === "" ? "" : `: ${says}`;
}

function pageOf({ endpoint, datasetId }: HubSubject): string {
  return `${endpoint}/datasets/${datasetId}`;
}

function tooMany(subject: HubSubject, { retryAfter }: Refusal): Transient {
  const wait = retryAfterOf(retryAfter);
  const asks = wait === null ? "" : `, and asks to wait ${Math.ceil(wait / 1000)} s`;
  const failure = new ModelpackError("HUB_UNREACHABLE", `the Hub says that it got too many requests${asks}`, {
    where: placeOfHub(subject),
    hint: subject.hasToken
      ? "run the same command again later: what was fetched is kept"
      : "run the same command again later, what was fetched is kept; with HF_TOKEN set the limits are higher",
  });
  return new Transient(failure, { retryAfterMs: wait });
}

function failing(subject: HubSubject, refusal: Refusal): Transient {
  const who = refusal.fromHub ? "the Hub" : "the host of the Hub's files";
  const failure = new ModelpackError(
    "HUB_UNREACHABLE",
    `${who} keeps answering ${refusal.status}${quoted(refusal.says)}`,
    {
      where: placeOfHub(subject),
      hint: "run the same command again later: what was fetched is kept",
    },
  );
  return new Transient(failure, { retryAfterMs: retryAfterOf(refusal.retryAfter) });
}

function gated(subject: HubSubject): ModelpackError {
  const page = pageOf(subject);
  if (!subject.hasToken)
    return new ModelpackError("HUB_DENIED", "the dataset is gated, and no token is set", {
      where: placeOfHub(subject),
      hint: `ask for access at ${page}, then set HF_TOKEN to a token of that account`,
    });
  return new ModelpackError("HUB_DENIED", "the dataset is gated, and the token's account has no access", {
    where: placeOfHub(subject),
    hint: `ask for access at ${page} with the account of the token; a fine-grained token must also be allowed to read public gated repositories`,
  });
}

function unauthorized(subject: HubSubject, { code }: Refusal): ModelpackError {
  if (subject.hasToken && code !== "RepoNotFound")
    return new ModelpackError("HUB_DENIED", "the Hub does not accept the token", {
      where: placeOfHub(subject),
      hint: `make a new one at ${subject.endpoint}/settings/tokens and set HF_TOKEN to it, or unset it for public datasets`,
    });
  return notFound(subject);
}

// Without a token the Hub does not say whether a private dataset of that name exists.
function notFound(subject: HubSubject): ModelpackError {
  const { datasetId, hasToken } = subject;
  const shown = JSON.stringify(datasetId);
  return new ModelpackError(
    "HUB_MISSING",
    hasToken
      ? `there is no dataset ${shown}, or the token may not see it`
      : `there is no public dataset ${shown}`,
    {
      where: placeOfHub(subject),
      hint: `check dataset_id against ${pageOf(subject)}${hasToken ? "" : "; a private one needs HF_TOKEN"}`,
    },
  );
}

function missing(subject: HubSubject, { code, says }: Refusal): ModelpackError {
  const where = placeOfHub(subject);
  if (code === "RevisionNotFound") {
    return new ModelpackError("HUB_MISSING", `there is no revision ${JSON.stringify(subject.revision)}`, {
      where,
      hint: 'give a branch, tag or commit that the dataset has, such as revision = "main"; a locked commit that is gone needs --update-lock',
    });
  }
  if (code === "EntryNotFound" || subject.file !== undefined)
    return new ModelpackError("HUB_MISSING", `the Hub has no such file${quoted(says)}`, {
      where,
      hint: "the dataset has changed: run again, with --update-lock where it is locked",
    });
  return notFound(subject);
}

/** What fetch's error means: nobody there, no trust in who is, or a connection that broke. */
export function networkFailure(
  subject: HubSubject,
  host: string,
  error: unknown,
): ModelpackError | Transient {
  const code = codeOf(error);
  const where = placeOfHub(subject);
  if (/^(?:ENOTFOUND|EAI_\w+|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ENETDOWN)$/.test(code)) {
    const failure = new ModelpackError("HUB_UNREACHABLE", `nobody answers at ${host} (${code})`, {
      where,
      hint: "check the network and HF_ENDPOINT; with HF_HUB_OFFLINE=1 only files that are already cached are used",
      cause: error,
    });
    return new Transient(failure, { isAway: true });
  }
  if (
    /^(?:EPROTO|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/.test(
      code,
    )
  )
    return new ModelpackError("HUB_UNREACHABLE", `${host} can't be trusted: its TLS fails (${code})`, {
      where,
      hint: "where a proxy opens TLS, name its certificate in NODE_EXTRA_CA_CERTS; the check is never left out",
      cause: error,
    });
  return broken(subject, `the connection to ${host} broke${code === "" ? "" : ` (${code})`}`, error);
}

/** Something that another attempt may get over. */
export function broken(subject: HubSubject, message: string, cause?: unknown): Transient {
  return new Transient(
    new ModelpackError("HUB_UNREACHABLE", message, {
      where: placeOfHub(subject),
      hint: "check the network, then run the same command again: what was fetched is kept",
      cause,
    }),
  );
}

function codeOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    if ("code" in at && typeof at.code === "string") return at.code;
    // Of several addresses tried, each has its own error.
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return "";
}
