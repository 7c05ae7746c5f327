// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { ModelpackError } from "../core/error.ts";
import {
  broken,
  type HubSubject,
  networkFailure,
  type Refusal,
  refused,
  said,
  Transient,
} from "./hub-error.ts";
import { redirectOf } from "./hub-redirect.ts";
import type { HubSettings } from "./hub-settings.ts";
import { Watch } from "./hub-watch.ts";

// Our own requests: `@huggingface/hub` sends each once, with the token to wherever a redirect or a link
// points, without a deadline, and reads whatever comes. It is given `fetchFor` in the place of fetch.

/** As browsers have it, halved: the Hub needs two. */
const MAX_REDIRECTS = 10;
/** A page of the tree API has 1000 entries of some hundred bytes; a card with 1000 configs is below 1 MB. */
const MAX_API_BYTES = 1 << 25;
/** Of an error's body, which may be a page of HTML. */
const MAX_ERROR_BYTES = 1 << 16;
/** New bytes that count as news; a server that drips less in {@link HubTiming.idleMs} is as good as silent. */
const IDLE_BYTES = 4096;
/** Tries where nobody answers at all. */
const AWAY_TRIES = 3;
/** The one status that is no success and that whoever asked for a range deals with. */
const RANGE_REFUSED = 416;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** An answer whose body has not been read. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Of the endpoint's own answer, where it redirected to another host: it knows the file. */
  readonly linked: Headers;
  /** Throws {@link Transient} where the connection breaks or falls silent; counts nothing. */
  readonly body: AsyncIterable<Uint8Array>;
  /** For whoever does not read the body. */
  cancel(): Promise<void>;
}

export interface ClientOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what a person should know and no error is: a rename, a server that asks for a long wait. */
  readonly note?: ((message: string) => void) | undefined;
  /** Awaited before every request: throws where the run could keep nothing of what it would fetch. */
  readonly beforeNetwork?: (() => Promise<void>) | undefined;
}

/**
 * Until when a server has asked to be left alone, by performance.now: a clock that is set moves no deadline. All
 * clients with the same settings, one for each dataset of a run, keep to it.
 */
const pauses = new WeakMap<HubSettings, { until: number }>();

/** Talks to one endpoint. */
export class HubClient {
  readonly settings: HubSettings;
  /** Attempts that were repeated. */
  retries = 0;
  redirects = 0;
  /** Milliseconds spent waiting between attempts. */
  waitedMs = 0;
  readonly #signal: AbortSignal | undefined;
  readonly #note: (message: string) => void;
  readonly #beforeNetwork: () => Promise<void>;
  readonly #origin: string;
  readonly #pause: { until: number };

  constructor(settings: HubSettings, options: ClientOptions = {}) {
    this.settings = settings;
    this.#origin = new URL(settings.endpoint).origin;
    this.#pause = pauses.get(settings) ?? { until: 0 };
    pauses.set(settings, this.#pause);
    this.#signal = options.signal;
    this.#note = options.note ?? (() => undefined);
    this.#beforeNetwork = options.beforeNetwork ?? (() => Promise.resolve());
  }

  subject(datasetId: string, more: { readonly revision?: string; readonly file?: string } = {}): HubSubject {
    return { endpoint: this.settings.endpoint, datasetId, ...more, hasToken: this.settings.token !== null };
  }

  /**
   * A `fetch` for requests of the API about `subject`: GET only, redirects followed, failures retried, the
   * body whole and bounded. What is no success throws a ModelpackError.
   */
  fetchFor(subject: HubSubject): typeof fetch {
    return async (input) => {
      const url = new URL(input instanceof Request ? input.url : input);
      return this.retrying(subject, () => this.#callApi(subject, url));
    };
  }

  async #callApi(subject: HubSubject, url: URL): Promise<Response> {
    const deadline = AbortSignal.timeout(this.settings.timing.apiMs);
    const answer = await this.open(subject, url, { accept: "application/json" }, deadline);
    const body = await readWhole(answer.body, MAX_API_BYTES);
    if (body === null) {
      throw new ModelpackError("HUB_UNREACHABLE", `the Hub's answer is larger than ${MAX_API_BYTES} bytes`, {
        where: `dataset ${JSON.stringify(subject.datasetId)} on the Hub`,
        hint: "check HF_ENDPOINT",
      });
    }
    return new Response(body, { status: answer.status, headers: answer.headers });
  }

  /** Runs `work` until it passes, fails for good, or brings nothing new for `tries` attempts in a row. */
  async retrying<T>(
    subject: HubSubject,
    work: () => Promise<T>,
    advanced: () => boolean = () => false,
  ): Promise<T> {
    await this.#beforeNetwork();
    for (let failures = 0; ; ) {
      await this.#wait(this.#pause.until - performance.now());
      try {
        return await work();
      } catch (error) {
        if (this.#signal?.aborted) throw interrupted();
        if (!(error instanceof Transient)) throw error;
        failures = advanced() ? 1 : failures + 1;
        if (failures >= (error.isAway ? AWAY_TRIES : this.settings.timing.tries)) throw error.failure;
        this.retries++;
        await this.#backOff(subject, error, failures);
      }
    }
  }

  async #backOff(subject: HubSubject, error: Transient, failures: number): Promise<void> {
    const { backoffMs, maxBackoffMs, maxRetryAfterMs } = this.settings.timing;
    const asked = error.retryAfterMs;
    if (asked !== null) {
      // One who waits already has been told of this or of one like it.
      if (asked > maxRetryAfterMs && this.#pause.until <= performance.now())
        this.#note(
          `the Hub asks to wait ${Math.ceil(asked / 1000)} s for ${subject.datasetId}; trying again after ${Math.ceil(maxRetryAfterMs / 1000)} s`,
        );
      // For all requests, not only for the one that was told.
      const until = performance.now() + Math.min(asked, maxRetryAfterMs);
      this.#pause.until = Math.max(this.#pause.until, until);
      return;
    }
    // Jitter, so that several clients do not come back at once; no output depends on it.
    await this.#wait(Math.min(backoffMs * 2 ** (failures - 1), maxBackoffMs) * (1 - Math.random() / 4));
  }

  async #wait(ms: number): Promise<void> {
    if (this.#signal?.aborted) throw interrupted();
    if (ms <= 0) return;
    const options = this.#signal === undefined ? {} : { signal: this.#signal };
    await sleep(ms, undefined, options).catch(() => {
      throw interrupted();
    });
    this.waitedMs += ms;
  }

  /** One attempt: follows redirects; what is no success throws a ModelpackError or {@link Transient}. */
  async open(
    subject: HubSubject,
    url: URL,
    headers: Readonly<Record<string, string>>,
    deadline?: AbortSignal,
  ): Promise<HubAnswer> {
    const watch = new Watch(this.settings.timing.idleMs, [this.#signal, deadline]);
    let at = url;
    try {
      let linked: Headers | undefined;
      for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
        const response = await fetch(at, {
          headers: {
            ...headers,
            "accept-encoding": "identity",
            "user-agent": "modelpack",
            ...this.#authorization(at),
          },
          redirect: "manual",
          signal: watch.signal,
        });
        watch.touch();
        linked ??= response.headers;
        const next = redirectOf(subject, response, at);
        if (next === null) return await this.#answer(subject, response, at, linked, watch);
        await response.body?.cancel();
        this.redirects++;
        at = next;
      }
      throw broken(subject, `${url.host} redirects in a circle`);
    } catch (error) {
      watch.end();
      throw this.#explain(subject, at, watch, error);
    }
  }

  // The token goes to the endpoint alone, and never over a line that others can read.
  #authorization(url: URL): Record<string, string> {
    const { token } = this.settings;
    if (token === null || url.origin !== this.#origin) return {};
    if (url.protocol !== "https:" && !LOOPBACK.test(url.hostname)) return {};
    return { authorization: `Bearer ${token}` };
  }

  async #answer(
    subject: HubSubject,
    response: Response,
    url: URL,
    linked: Headers,
    watch: Watch,
  ): Promise<HubAnswer> {
    const fromHub = url.origin === this.#origin;
    if (!response.ok && response.status !== RANGE_REFUSED)
      throw refused(subject, await this.#refusal(response, fromHub, watch));
    const cancel = async (): Promise<void> => {
      watch.end();
      await response.body?.cancel().catch(() => undefined);
    };
    const body = this.#read(subject, response, url, watch);
    return { status: response.status, headers: response.headers, linked, body, cancel };
  }

  async #refusal({ status, headers, body }: Response, fromHub: boolean, watch: Watch): Promise<Refusal> {
    const bytes = body === null ? null : await readWhole(body, MAX_ERROR_BYTES).catch(() => null);
    watch.end();
    const says = headers.get("x-error-message") ?? errorOf(bytes?.toString("utf8") ?? "");
    const { token } = this.settings;
    return {
      status,
      code: headers.get("x-error-code"),
      // A server could repeat what it was sent.
      says: said(token === null ? says : says.replaceAll(token, "[token]")),
      retryAfter: headers.get("retry-after"),
      fromHub,
    };
  }

  async *#read(subject: HubSubject, response: Response, url: URL, watch: Watch): AsyncGenerator<Uint8Array> {
    try {
      if (response.body === null) return;
      let news = 0;
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        news += chunk.length;
        if (news >= IDLE_BYTES) {
          news = 0;
          watch.touch();
        }
        yield chunk;
      }
    } catch (error) {
      throw this.#explain(subject, url, watch, error);
    } finally {
      watch.end();
    }
  }

  #explain(subject: HubSubject, url: URL, watch: Watch, error: unknown): unknown {
    if (error instanceof ModelpackError || error instanceof Transient) return error;
    if (this.#signal?.aborted) return interrupted();
    if (watch.signal.aborted) return broken(subject, `${url.host} has fallen silent`, error);
    return networkFailure(subject, url.host, error);
  }
}

async function readWhole(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function errorOf(body: string): string {
  try {
    const { error } = Object(JSON.parse(body)) as { error?: unknown };
    return typeof error === "string" ? error : "";
  } catch {
    return "";
  }
}

function interrupted(): ModelpackError {
  return new ModelpackError("INTERRUPTED", "the download was interrupted", {
    hint: "run the same command again: what was fetched is kept",
  });
}
