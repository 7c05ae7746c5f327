// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, Reply } from "./hub-faults.ts";
import { cdnReply, hubReply } from "./hub-replies.ts";
import { type HubFixture, HubRepository } from "./hub-repository.ts";

// The Hub's HTTP API on loopback, as far as datasets need it. Shapes after `@huggingface/hub` (api-dataset.ts,
// api-index-tree.ts, file-download-info.ts), `huggingface_hub` (its errors by X-Error-Code) and the dataset
// viewer's documentation (the conversion's branch and the parquet API).

/** `hub` is the endpoint; `cdn`, another host, is where files in LFS come from. */
export type HostName = "hub" | "cdn";

/** A request that came, in the order of arrival. */
export interface SeenRequest {
  readonly host: HostName;
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** When a fault is played: for the next `times` requests that match, after `skip` that do. */
export interface FaultRule {
  readonly host?: HostName;
  /** Against path and query; absent matches all. */
  readonly url?: RegExp;
  /** How often; for ever where absent. */
  readonly times?: number;
  readonly skip?: number;
  readonly fault: Fault;
}

export interface HubOptions {
  /** The one token that the server knows; any other is refused with 401. */
  readonly token?: string;
  /** Gated datasets that the token's owner may read. */
  readonly granted?: readonly string[];
  /** Entries of a page of the tree API. */
  readonly pageSize?: number;
}

interface ActiveRule extends FaultRule {
  seen: number;
}

export class HubServer {
  /** What HF_ENDPOINT is set to. */
  readonly url: string;
  /** The other host. */
  readonly cdnUrl: string;
  readonly requests: SeenRequest[] = [];
  readonly options: HubOptions;
  readonly #servers: readonly Server[];
  readonly #repositories = new Map<string, HubRepository>();
  #rules: ActiveRule[] = [];

  private constructor(servers: readonly [Server, Server], options: HubOptions) {
    const [hub, cdn] = servers;
    this.#servers = servers;
    this.options = options;
    this.url = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
    this.cdnUrl = `http://127.0.0.1:${(cdn.address() as AddressInfo).port}`;
    hub.on("request", (request, response) => void this.#serve("hub", request, response));
    cdn.on("request", (request, response) => void this.#serve("cdn", request, response));
  }

  /** Starts the two hosts with these datasets. */
  static async start(fixtures: readonly HubFixture[], options: HubOptions = {}): Promise<HubServer> {
    const servers = [createServer(), createServer()] as const;
    for (const server of servers)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const hub = new HubServer([servers[0], servers[1]], options);
    for (const fixture of fixtures) hub.add(fixture);
    return hub;
  }

  /** Adds a dataset, or puts it in the place of the one of the same id. */
  add(fixture: HubFixture): void {
    this.#repositories.set(fixture.id, new HubRepository(fixture));
  }

  repository(id: string): HubRepository | undefined {
    return this.#repositories.get(id);
  }

  /** Plays a fault from now on. Of several that match, the first added is played. */
  play(rule: FaultRule): void {
    this.#rules.push({ ...rule, seen: 0 });
  }

  /** Forgets faults and requests. */
  reset(): void {
    this.#rules = [];
    this.requests.length = 0;
  }

  /** The requests for a file's bytes that came to either host. */
  fileRequests(): readonly SeenRequest[] {
    return this.requests.filter(({ host, url }) => host === "cdn" || /\/resolve(?:-cache)?\//.test(url));
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #serve(host: HostName, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = { host, method: request.method ?? "", url: request.url ?? "", headers: request.headers };
    this.requests.push(seen);
    const reply = host === "hub" ? hubReply(this, seen) : cdnReply(this, seen);
    const rule = this.#rules.find((one) => matches(one, seen));
    await send(rule === undefined ? reply : rule.fault(reply), request, response).catch(() =>
      response.destroy(),
    );
  }
}

function matches(rule: ActiveRule, { host, url }: SeenRequest): boolean {
  if ((rule.host !== undefined && rule.host !== host) || rule.url?.test(url) === false) return false;
  const at = rule.seen - (rule.skip ?? 0);
  if (at >= (rule.times ?? Number.POSITIVE_INFINITY)) return false;
  rule.seen++;
  return at >= 0;
}

async function send(reply: Reply, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (reply.status === 0) {
    request.socket.destroy();
    return;
  }
  const framing = reply.unframed ? { connection: "close" } : { "content-length": String(reply.body.length) };
  if (reply.unframed) response.useChunkedEncodingByDefault = false;
  response.writeHead(reply.status, { ...framing, ...reply.headers });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const end = Math.min(reply.cutAt ?? reply.body.length, reply.stallAt ?? reply.body.length);
  await write(response, reply.body.subarray(0, end), reply.drip);
  if (reply.stallAt !== undefined) return;
  if (reply.cutAt === undefined) response.end();
  else request.socket.destroySoon();
}

async function write(response: ServerResponse, bytes: Buffer, drip: Reply["drip"]): Promise<void> {
  const step = drip?.bytes ?? 65_536;
  const closed = new Promise((resolve) => response.once("close", resolve));
  for (let at = 0; at < bytes.length; at += step) {
    if (drip !== undefined) await sleep(drip.ms);
    if (response.destroyed) return;
    const room = response.write(bytes.subarray(at, at + step));
    if (!room) await Promise.race([new Promise((r) => response.once("drain", r)), closed]);
  }
}
