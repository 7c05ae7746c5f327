// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import { error, json } from "./protocol.ts";
import type { SeenRequest } from "./script.ts";

// OpenAI's Batch API on loopback: /v1/files and /v1/batches, with the test server's model behind it.

type Json = Readonly<Record<string, unknown>>;

/** A line of an input file. */
export interface BatchLine {
  readonly custom_id: string;
  readonly method: string;
  readonly url: string;
  readonly body: Json;
}

/** How a batch ends. Of one that expires or is cancelled, the first half of the lines is done. */
export type Fate = "completed" | "failed" | "expired" | "cancelled";

/** What the Batch API does otherwise, and whom it tells. Numbers count from 0. */
export interface BatchFaults {
  /** Looks at a batch until it is over; 2 where absent. */
  readonly polls?: number;
  readonly fate?: (batch: number, requests: number) => Fate;
  /** Why a batch failed. */
  readonly problem?: Json;
  /** What a line comes to instead of a reply: a status and an error's body; null for a reply. */
  readonly line?: (line: BatchLine, batch: number) => { status: number; body: unknown } | null;
  /** Answers a call by itself; true where it did. */
  readonly call?: (call: string, response: ServerResponse, times: number) => boolean;
  /** Told after a call was done and before it is answered. */
  readonly done?: (call: string) => void | Promise<void>;
}

interface Batch {
  readonly id: string;
  readonly number: number;
  readonly metadata: unknown;
  readonly input: string;
  readonly lines: readonly BatchLine[];
  readonly fate: Fate;
  looks: number;
}

/** What a Batch API keeps; a copy of it brings the provider back to an earlier moment. */
export interface BatchStore {
  readonly files: ReadonlyMap<string, string>;
  readonly batches: readonly Batch[];
}

export class BatchApi {
  faults: BatchFaults = {};
  readonly #answer: (body: Json) => unknown;
  #files = new Map<string, string>();
  #batches: Batch[] = [];
  readonly #calls = new Map<string, number>();

  constructor(answer: (body: Json) => unknown) {
    this.#answer = answer;
  }

  get store(): BatchStore {
    return { files: new Map(this.#files), batches: this.#batches.map((batch) => ({ ...batch })) };
  }

  set store({ files, batches }: BatchStore) {
    this.#files = new Map(files);
    this.#batches = batches.map((batch) => ({ ...batch }));
  }

  /** Requests of each batch, by `custom_id`. */
  get batches(): readonly (readonly string[])[] {
    return this.#batches.map(({ lines }) => lines.map(({ custom_id }) => custom_id));
  }

  /** Requests of all batches, each as often as it was in one. */
  get sent(): readonly string[] {
    return this.batches.flat();
  }

  /** All lines that came, of batches and of files that no batch was made of. */
  get lines(): readonly BatchLine[] {
    return [...this.#files.values()].flatMap(linesOf).filter(({ method }) => method === "POST");
  }

  /** How often a call came: `upload`, `create`, `retrieve`, `list` or `content`. */
  times(call: string): number {
    return this.#calls.get(call) ?? 0;
  }

  async serve(seen: SeenRequest, bytes: Buffer, response: ServerResponse): Promise<void> {
    const [path = "", query = ""] = seen.path.split("?");
    const call = callOf(seen.method, path);
    const times = this.times(call);
    this.#calls.set(call, times + 1);
    if (this.faults.call?.(call, response, times) === true) return;
    const [status, body] = await this.#handle(call, path, query, seen, bytes);
    await this.faults.done?.(call);
    if (response.destroyed) return;
    if (typeof body !== "string") json(response, status, body);
    else {
      response.writeHead(status, { "content-type": "application/octet-stream" });
      response.end(body);
    }
  }

  async #handle(
    call: string,
    path: string,
    query: string,
    seen: SeenRequest,
    bytes: Buffer,
  ): Promise<[status: number, body: unknown]> {
    if (call === "upload") return this.#upload(String(seen.headers["content-type"]), bytes);
    if (call === "create") return this.#create(seen.body);
    if (call === "list") return [200, this.#list(new URLSearchParams(query))];
    const id = path.split("/")[3] ?? "";
    const found = call === "content" ? this.#files.get(id) : this.#look(id);
    return found === undefined ? [404, error(`No such object: ${id}`, "not_found")] : [200, found];
  }

  async #upload(type: string, bytes: Buffer): Promise<[number, unknown]> {
    const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
    const file = form.get("file");
    if (form.get("purpose") !== "batch" || !(file instanceof File) || !file.name.endsWith(".jsonl"))
      return [400, error("no batch file", "invalid_request_error")];
    const id = `file-${this.#files.size}`;
    this.#files.set(id, await file.text());
    return [200, { id, object: "file", purpose: "batch", filename: file.name, bytes: file.size }];
  }

  #create(body: Json): [number, unknown] {
    const { input_file_id, endpoint, completion_window, metadata } = body;
    const text = this.#files.get(String(input_file_id));
    if (text === undefined) return [400, error(`Cannot find file ${input_file_id}`, "invalid_request_error")];
    if (endpoint !== "/v1/chat/completions" || completion_window !== "24h")
      return [400, error("no such batch", "invalid_request_error")];
    const [number, lines] = [this.#batches.length, linesOf(text)];
    const fate = this.faults.fate?.(number, lines.length) ?? "completed";
    const isDouble = new Set(lines.map(({ custom_id }) => custom_id)).size < lines.length;
    const batch: Batch = {
      id: `batch_${number}`,
      number,
      metadata,
      input: String(input_file_id),
      lines,
      fate: isDouble ? "failed" : fate,
      looks: 0,
    };
    this.#batches.push(batch);
    return [200, this.#object(batch)];
  }

  #look(id: string): unknown {
    const batch = this.#batches.find((one) => one.id === id);
    if (batch === undefined) return undefined;
    batch.looks++;
    return this.#object(batch);
  }

  #list(query: URLSearchParams): unknown {
    const newest = [...this.#batches].reverse();
    const from = newest.findIndex(({ id }) => id === query.get("after")) + 1;
    const page = newest.slice(from, from + Number(query.get("limit") ?? 20));
    return {
      object: "list",
      data: page.map((batch) => this.#object(batch)),
      has_more: from + page.length < newest.length,
    };
  }

  #object(batch: Batch): Json {
    const { id, lines, fate, looks, metadata, input } = batch;
    const { polls = 2, problem = { code: "invalid_json_line", message: "no JSON", line: 1 } } = this.faults;
    const over = looks >= polls;
    const status = over ? fate : looks === 0 ? "validating" : "in_progress";
    const total = fate === "failed" ? 0 : lines.length;
    const files = over && fate !== "failed" ? this.#results(batch) : { output: null, errors: null, done: 0 };
    return {
      id,
      object: "batch",
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
      input_file_id: input,
      status,
      metadata,
      request_counts: { total, completed: files.done, failed: over ? total - files.done : 0 },
      output_file_id: files.output,
      error_file_id: files.errors,
      errors: status === "failed" ? { object: "list", data: [problem] } : null,
    };
  }

  /** Writes the files of a batch that is over, in another order than that of its requests. */
  #results(batch: Batch): { output: string | null; errors: string | null; done: number } {
    const { lines, fate, number } = batch;
    const done = fate === "completed" ? lines.length : Math.ceil(lines.length / 2);
    const results = lines.map((line, i) => {
      const failed = this.faults.line?.(line, number) ?? null;
      const head = { id: `batch_req_${number}_${i}`, custom_id: line.custom_id };
      if (i >= done) {
        const why = { code: `batch_${fate}`, message: "This request could not be executed in time." };
        return { ok: false, text: JSON.stringify({ ...head, response: null, error: why }) };
      }
      const response = failed ?? { status: 200, body: this.#answer(line.body) };
      const { status, body } = response;
      const what = { status_code: status, request_id: `req_${i}`, body };
      return { ok: failed === null, text: JSON.stringify({ ...head, response: what, error: null }) };
    });
    const write = (name: string, ok: boolean) => {
      const texts = results.filter((one) => one.ok === ok).map(({ text }) => text);
      if (texts.length === 0) return null;
      this.#files.set(name, texts.reverse().join("\n"));
      return name;
    };
    const counted = results.filter(({ ok }) => ok).length;
    return { output: write(`out-${number}`, true), errors: write(`err-${number}`, false), done: counted };
  }
}

function callOf(method: string, path: string): string {
  if (path === "/v1/files") return "upload";
  if (path.startsWith("/v1/files/")) return "content";
  if (path !== "/v1/batches") return "retrieve";
  return method === "POST" ? "create" : "list";
}

function linesOf(text: string): BatchLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as BatchLine);
}
