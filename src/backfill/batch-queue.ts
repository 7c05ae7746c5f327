// SPDX-License-Identifier: Apache-2.0

/** Requests of a batch at most: OpenAI's limit (its reference of POST /batches). */
export const MAX_REQUESTS = 50_000;
/** Bytes of a batch's file at most: the same limit, 200 MB, with decimal megabytes to be sure. */
export const MAX_BYTES = 200_000_000;

/** A request that is ready to go. */
export interface Ready {
  readonly id: string;
  readonly line: string;
}

/** Gathers requests until none has come for a moment, or a batch is full, and then gives them away. */
export class BatchQueue {
  /** Requests of a group at most; may be lowered. */
  most = MAX_REQUESTS;
  readonly #quietMs: number;
  readonly #send: (group: readonly Ready[]) => void;
  #group: Ready[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(quietMs: number, send: (group: readonly Ready[]) => void) {
    this.#quietMs = quietMs;
    this.#send = send;
  }

  add(ready: Ready): void {
    const bytes = Buffer.byteLength(ready.line);
    if (this.#bytes + bytes > MAX_BYTES) this.#flush();
    this.#group.push(ready);
    this.#bytes += bytes;
    clearTimeout(this.#timer);
    if (this.#group.length >= this.most) this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), this.#quietMs);
  }

  /** Forgets what is gathered. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#group = [];
    this.#bytes = 0;
  }

  #flush(): void {
    const group = this.#group;
    this.clear();
    if (group.length > 0) this.#send(group);
  }
}
