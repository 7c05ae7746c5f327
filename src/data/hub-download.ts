// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { PartialFile } from "../storage/partial.ts";
import { fileUrl } from "./hub-api.ts";
import { contentPath, partialFolder, sourceFile, verified, writeAlias } from "./hub-cache.ts";
import type { HubAnswer, HubClient } from "./hub-client.ts";
import type { HubFile, HubPin } from "./hub-dataset.ts";
import { broken, type HubSubject, placeOfHub } from "./hub-error.ts";
import type { SourceFile } from "./source.ts";

/** Times that the bytes of a whole file may be others than were pinned before we give up. */
const MAX_MISMATCHES = 2;
/** An attempt that brought this much, or this part of the file, is no failure: cut lines get large files, slowly. */
const ADVANCE_BYTES = 1 << 20;
const ADVANCE_PARTS = 64;

/** Told of the bytes of a file that are there. */
export type OnBytes = (bytes: number) => void;

/**
 * Fetches one file into the cache: goes on where a run before was cut, starts anew where the server does not
 * give the asked part, and lets nothing pass that is not what was pinned, to the bit. What is there stays for the next run when it fails.
 */
export async function downloadFile(
  client: HubClient,
  pin: HubPin,
  file: HubFile,
  onBytes: OnBytes,
): Promise<SourceFile> {
  const { cacheDir } = client.settings;
  const partial = await PartialFile.open(partialFolder(cacheDir), file.sha256 ?? file.blob ?? "");
  try {
    const transfer = new Transfer(client, pin, file, partial, onBytes);
    const digest = await transfer.run();
    const path = contentPath(cacheDir, digest, file.path);
    await partial.commit(path);
    if (file.sha256 === null && file.blob !== null) await writeAlias(cacheDir, file.blob, digest);
    return sourceFile(path, file, digest);
  } catch (error) {
    await partial.keep();
    throw error;
  }
}

/** The attempts at one file. */
class Transfer {
  readonly #client: HubClient;
  readonly #pin: HubPin;
  readonly #file: HubFile;
  readonly #partial: PartialFile;
  readonly #onBytes: OnBytes;
  readonly #subject: HubSubject;
  /** The etag of the bytes that came in this run; null before the first, and where the server gives a weak one. */
  #etag: string | null = null;

  constructor(client: HubClient, pin: HubPin, file: HubFile, partial: PartialFile, onBytes: OnBytes) {
    this.#client = client;
    this.#pin = pin;
    this.#file = file;
    this.#partial = partial;
    this.#onBytes = onBytes;
    this.#subject = client.subject(pin.datasetId, { revision: pin.commit, file: file.path });
  }

  /** Returns the sha256 of the file when all of it is there and is what was pinned. */
  async run(): Promise<string> {
    for (let mismatches = 0; ; ) {
      await this.#fill();
      const digest = await verified(this.#partial.path, this.#file);
      if (digest !== null) return digest;
      await this.#restart();
      if (++mismatches === MAX_MISMATCHES) throw this.#mismatch("its bytes have another digest");
    }
  }

  /** Gets all bytes. Where an attempt began is what tells whether it brought any. */
  async #fill(): Promise<void> {
    const enough = Math.min(ADVANCE_BYTES, Math.ceil(this.#file.bytes / ADVANCE_PARTS));
    let begun = 0;
    const attempt = async (): Promise<void> => {
      begun = this.#partial.bytes;
      if (begun > this.#file.bytes) await this.#restart();
      if (this.#partial.bytes < this.#file.bytes || this.#file.bytes === 0) await this.#receive();
    };
    await this.#client.retrying(this.#subject, attempt, () => this.#partial.bytes - begun >= enough);
  }

  async #receive(): Promise<void> {
    const from = this.#partial.bytes;
    const range: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
    if (from > 0 && this.#etag !== null) range["if-range"] = this.#etag;
    const url = fileUrl(this.#client, this.#pin.datasetId, this.#pin.commit, this.#file.path);
    const answer = await this.#client.open(this.#subject, url, range);
    try {
      await this.#accept(answer, from);
    } catch (error) {
      await answer.cancel();
      throw error;
    }
    await this.#read(answer);
  }

  /** Makes sure that the body goes on from where we are; restarts where it is the whole file. */
  async #accept({ status, headers, linked }: HubAnswer, from: number): Promise<void> {
    const known = digestOf(linked.get("x-linked-etag"));
    if (known !== null && this.#file.sha256 !== null && known !== this.#file.sha256)
      throw this.#mismatch(`the Hub says that its sha256 is ${known}`);
    if (!/^(?:identity)?$/.test(headers.get("content-encoding") ?? ""))
      throw broken(this.#subject, "the server packs the bytes, which was not asked for");
    const etag = strong(headers.get("etag"));
    if (status === 206) await this.#acceptPart(headers.get("content-range") ?? "", etag, from);
    else if (status === 416) {
      // The server has fewer bytes than we do.
      await this.#restart();
      throw broken(this.#subject, "the server refuses to go on where the download was cut");
    } else {
      if (from > 0) await this.#restart();
      const length = headers.get("content-length");
      if (length !== null && Number(length) !== this.#file.bytes)
        throw this.#mismatch(`the server has ${Number(length)} bytes of it`);
    }
    this.#etag = etag;
  }

  async #acceptPart(range: string, etag: string | null, from: number): Promise<void> {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
    const isOurs =
      from > 0 && Number(first) === from && (total === "*" || Number(total) === this.#file.bytes);
    const isSame = this.#etag === null || etag === this.#etag;
    if (isOurs && isSame) return;
    await this.#restart();
    throw broken(
      this.#subject,
      isOurs
        ? "the file changed on the server while it was fetched"
        : "the server gave another part of the file than was asked for",
    );
  }

  async #read({ body }: HubAnswer): Promise<void> {
    for await (const chunk of body) {
      if (this.#partial.bytes + chunk.length > this.#file.bytes) {
        await this.#restart();
        throw broken(this.#subject, `more came than the ${this.#file.bytes} bytes of the file`);
      }
      await this.#partial.append(chunk);
      this.#onBytes(this.#partial.bytes);
    }
    // fetch does not say when a body without a length was cut.
    if (this.#partial.bytes < this.#file.bytes)
      throw broken(this.#subject, `only ${this.#partial.bytes} of ${this.#file.bytes} bytes came`);
  }

  async #restart(): Promise<void> {
    await this.#partial.restart();
    this.#etag = null;
    this.#onBytes(0);
  }

  #mismatch(says: string): ModelpackError {
    const { path, bytes, sha256, blob } = this.#file;
    const digest = sha256 === null ? `git digest ${blob}` : `sha256 ${sha256}`;
    return new ModelpackError(
      "HUB_MISMATCH",
      `${path} is not what was pinned: ${bytes} bytes with ${digest} were expected, and ${says}`,
      {
        where: placeOfHub(this.#subject),
        hint: "somebody changed the file behind its commit, or a proxy changes what passes it; where the change is wanted, --update-lock pins it",
      },
    );
  }
}

function digestOf(etag: string | null): string | null {
  return /^"?([0-9a-f]{64})"?$/.exec(etag ?? "")?.[1] ?? null;
}

// A weak etag vouches for no byte.
function strong(etag: string | null): string | null {
  return etag !== null && /^"[^"]*"$/.test(etag) ? etag : null;
}
