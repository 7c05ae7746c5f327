// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { downloadHubFiles, resolveHubDataset } from "../../src/data/hub.ts";
import { card, hubServer, request, settingsFor, TOKEN } from "../support/hub.ts";
import { answer, cut, type Fault, redirect, withHeaders } from "../support/hub-faults.ts";
import type { HubServer, SeenRequest } from "../support/hub-server.ts";

const FORMS = [
  TOKEN,
  encodeURIComponent(TOKEN),
  Buffer.from(TOKEN).toString("base64").replace(/=+$/, ""),
  Buffer.from(`Bearer ${TOKEN}`).toString("base64").replace(/=+$/, ""),
];

const fixture = (id = "me/rows") => ({
  id,
  card: card("d/*"),
  files: { "d/a.parquet": Buffer.alloc(5000, 1), "d/b.parquet": Buffer.alloc(5000, 2) },
});

function leaks(text: string): boolean {
  return FORMS.some((form) => text.includes(form));
}

function carriesToken({ url, headers }: SeenRequest): boolean {
  return leaks(`${url} ${JSON.stringify(headers)}`);
}

/** Everything that a run leaves or says: errors to their last cause, notes, and files with their names. */
async function traces(
  server: HubServer,
  pinned?: Awaited<ReturnType<typeof resolveHubDataset>>,
): Promise<string> {
  const settings = settingsFor(server, { token: TOKEN }, { tries: 2 });
  const said: string[] = [];
  const note = (message: string): unknown => said.push(message);
  try {
    const dataset = await resolveHubDataset(request("me/rows"), settings, { pinned, note });
    said.push(inspect(await downloadHubFiles(dataset, settings, { note }), { depth: 20 }));
  } catch (error) {
    said.push(inspect(error, { depth: 20, showHidden: true }), String(error), JSON.stringify(error));
  }
  const files = readdirSync(settings.cacheDir, { recursive: true, withFileTypes: true });
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    said.push(path, file.isFile() ? readFileSync(path, "latin1") : "");
  }
  return said.join("\n");
}

it("goes to the Hub, and neither to the host of its files nor to the disk", async () => {
  const server = await hubServer([fixture()], { token: TOKEN });
  server.play({ host: "cdn", times: 1, fault: cut(100) });
  expect(leaks(await traces(server))).toBe(false);
  const seen = { hub: [] as SeenRequest[], cdn: [] as SeenRequest[] };
  for (const one of server.requests) seen[one.host].push(one);
  expect(seen.hub.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
  expect([seen.hub.length, seen.cdn.length]).toEqual([5, 3]);
  expect(seen.cdn.some(carriesToken)).toBe(false);
});

const HOSTS: readonly (readonly [string, (to: string) => Fault, RegExp])[] = [
  ["a redirect of the API", (to) => redirect(`${to}/api/datasets/me/rows`, 307), /\/api\//],
  ["a redirect of a file", (to) => redirect(`${to}/x`), /\/resolve\//],
  [
    "a redirect to the same name at another port",
    (to) => redirect(to.replace("127.0.0.1", "localhost")),
    /\/api\//,
  ],
  ["a next page elsewhere", (to) => withHeaders({ link: `<${to}/api/x>; rel="next"` }), /\/tree\//],
];

it.each(HOSTS)("does not follow %s", async (_name, fault, url) => {
  const server = await hubServer([fixture()], { token: TOKEN });
  const elsewhere = await hubServer([]);
  server.play({ url, fault: fault(elsewhere.url) });
  expect(leaks(await traces(server))).toBe(false);
  expect(elsewhere.requests.length).toBeGreaterThan(0);
  expect(elsewhere.requests.some(carriesToken)).toBe(false);
});

it("is in no error, whatever the server says", async () => {
  for (const status of [400, 401, 403, 404, 429, 500]) {
    const server = await hubServer([fixture()], { token: TOKEN });
    const echo = { "x-error-message": `you sent ${TOKEN}`, "content-type": "application/json" };
    server.play({ fault: answer(status, echo, JSON.stringify({ error: `Bearer ${TOKEN}` })) });
    const text = await traces(server);
    expect([status, text.includes("ModelpackError"), leaks(text)]).toEqual([status, true, false]);
  }
});

it("is not sent in clear to a host that is not this machine", async () => {
  const server = await hubServer([fixture()]);
  const settings = settingsFor(server, { token: TOKEN, endpoint: "http://hub.test.invalid" }, { tries: 1 });
  const sent: unknown[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = (_input, init) => {
    sent.push(init?.headers);
    return Promise.reject(new TypeError("no network"));
  };
  try {
    await expect(resolveHubDataset(request("me/rows"), settings)).rejects.toThrow();
    const secure = { ...settings, endpoint: "https://hub.test.invalid" };
    await expect(resolveHubDataset(request("me/rows"), secure)).rejects.toThrow();
  } finally {
    globalThis.fetch = real;
  }
  expect(sent.map((headers) => leaks(JSON.stringify(headers)))).toEqual([false, true]);
});
