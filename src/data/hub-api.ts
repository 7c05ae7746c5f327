// SPDX-License-Identifier: Apache-2.0
import { HUB_NAME } from "../config/form.ts";
import { ModelpackError } from "../core/error.ts";
import { gitDigest, sha256 } from "../storage/digest.ts";
import type { HubClient } from "./hub-client.ts";
import type { HubFile } from "./hub-dataset.ts";
import { type HubSubject, placeOfHub } from "./hub-error.ts";

// The one file that knows `@huggingface/hub`: it builds the API's addresses, and follows its pages. The rest is
// ours, because its downloads can't go on where one was cut, check no digest, and know no cache of ours. It is loaded
// once something is asked of the Hub.

/** Files of a repository at most: a listing beyond it takes minutes, and no dataset of texts has so many. */
const MAX_FILES = 100_000;
/** Pages of a listing at most; the Hub's have 1000 entries. */
const MAX_PAGES = 1000;
const SHA256 = /^[0-9a-f]{64}$/;
const GIT = /^[0-9a-f]{40}$/;

/** What the Hub says of a dataset at a revision. */
export interface HubInfo {
  /** The Hub's own spelling; another one than was asked for after a rename. */
  readonly datasetId: string;
  readonly commit: string;
  /** The front matter of its card. */
  readonly card: unknown;
}

export async function fetchInfo(client: HubClient, datasetId: string, revision: string): Promise<HubInfo> {
  const { datasetInfo } = await import("@huggingface/hub");
  const subject = client.subject(datasetId, { revision });
  const info = await asking(subject, () =>
    datasetInfo({
      name: datasetId,
      revision,
      hubUrl: client.settings.endpoint,
      additionalFields: ["sha", "cardData"],
      fetch: client.fetchFor(subject),
    }),
  );
  if (!HUB_NAME.test(info.name) || typeof info.sha !== "string" || !GIT.test(info.sha)) throw notHub(subject);
  return { datasetId: info.name, commit: info.sha, card: info.cardData };
}

/** The files of a commit, by code unit of their paths. */
export async function fetchTree(
  client: HubClient,
  datasetId: string,
  commit: string,
): Promise<readonly HubFile[]> {
  const { listFiles } = await import("@huggingface/hub");
  const subject = client.subject(datasetId, { revision: commit });
  const files: HubFile[] = [];
  const send = client.fetchFor(subject);
  let pages = 0;
  await asking(subject, async () => {
    const entries = listFiles({
      repo: { type: "dataset", name: datasetId },
      recursive: true,
      revision: commit,
      hubUrl: client.settings.endpoint,
      fetch: (input, init) => {
        if (++pages > MAX_PAGES) throw tooMany(subject);
        return send(input, init);
      },
    });
    for await (const entry of entries) {
      if (entry.type !== "file") continue;
      files.push(fileOf(subject, entry));
      if (files.length > MAX_FILES) throw tooMany(subject);
    }
  });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What the Hub's listing says of a file; every field is a stranger's. */
function fileOf(subject: HubSubject, entry: { readonly [key: string]: unknown } | object): HubFile {
  const { path, size, oid, lfs } = entry as Record<string, unknown>;
  const large = typeof lfs === "object" && lfs !== null ? (lfs as Record<string, unknown>) : null;
  const bytes = large?.size ?? size;
  const isSized = Number.isSafeInteger(bytes) && (bytes as number) >= 0;
  if (typeof path !== "string" || !isSized) throw notHub(subject);
  const digest = typeof large?.oid === "string" && SHA256.test(large.oid) ? large.oid : null;
  // The oid of a file in LFS is that of its pointer.
  const blob = large === null && typeof oid === "string" && GIT.test(oid) ? oid : null;
  if (digest === null && blob === null) throw notHub(subject);
  return { path, bytes: bytes as number, sha256: digest, blob };
}

/** The text of a small file of a commit, verified. */
export async function fetchText(
  client: HubClient,
  datasetId: string,
  commit: string,
  file: HubFile,
): Promise<string> {
  const subject = client.subject(datasetId, { revision: commit, file: file.path });
  const response = await client.fetchFor(subject)(fileUrl(client, datasetId, commit, file.path));
  const bytes = Buffer.from(await response.arrayBuffer());
  if (
    (file.blob ?? gitDigest(bytes)) === gitDigest(bytes) &&
    (file.sha256 ?? sha256(bytes)) === sha256(bytes)
  )
    return bytes.toString("utf8");
  throw new ModelpackError("HUB_MISMATCH", `${file.path} is not what the Hub's listing says`, {
    where: placeOfHub(subject),
    hint: "run the same command again; where it stays, a proxy changes what passes it",
  });
}

/** Where the bytes of a file of a commit are. */
export function fileUrl(client: HubClient, datasetId: string, commit: string, path: string): URL {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return new URL(`${client.settings.endpoint}/datasets/${datasetId}/resolve/${commit}/${encoded}`);
}

async function asking<T>(subject: HubSubject, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof ModelpackError ? error : notHub(subject, error);
  }
}

function notHub(subject: HubSubject, cause?: unknown): ModelpackError {
  return new ModelpackError("HUB_UNREACHABLE", `${subject.endpoint} does not answer as the Hub does`, {
    where: placeOfHub(subject),
    hint: "check HF_ENDPOINT, and whether a proxy or a login page answers in its place",
    cause,
  });
}

function tooMany(subject: HubSubject): ModelpackError {
  return new ModelpackError(
    "SOURCE_UNSUPPORTED",
    `the dataset has too many files: ${MAX_FILES} are listed at most`,
    {
      where: placeOfHub(subject),
      hint: 'fetch the files that you need and use kind = "local"',
    },
  );
}
