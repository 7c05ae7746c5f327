// SPDX-License-Identifier: Apache-2.0
import type { Reply } from "./hub-faults.ts";
import { CONVERSION, type HubBlob, type HubRepository, type HubTree, sha1 } from "./hub-repository.ts";
import type { HubServer, SeenRequest } from "./hub-server.ts";

// What the Hub answers when nothing goes wrong.

const PAGE_SIZE = 1000;

/** The endpoint's answer. */
export function hubReply(server: HubServer, request: SeenRequest): Reply {
  const refused = refuseToken(server, request);
  if (refused !== null) return refused;
  const url = new URL(request.url, server.url);
  const routes: readonly (readonly [RegExp, Route])[] = [
    [/^\/api\/datasets\/(.+?)\/(revision|tree|parquet)(?:\/(.*))?$/, api],
    [
      /^\/api\/datasets\/()()([^/]+(?:\/[^/]+)?)$/,
      (s, r, u, [, , id = ""]) => api(s, r, u, [id, "revision", "main"]),
    ],
    [/^\/datasets\/(.+?)\/(resolve|raw)\/(.+)$/, resolve],
    [/^\/api\/resolve-cache\/datasets\/([^/]+\/[^/]+|[^/]+)\/()(.+)$/, fromCache],
  ];
  for (const [pattern, route] of routes) {
    const found = pattern.exec(url.pathname);
    if (found !== null) return route(server, request, url, found.slice(1));
  }
  return failure(404, null, "Sorry, we can't find the page you are looking for.");
}

type Route = (
  server: HubServer,
  request: SeenRequest,
  url: URL,
  parts: readonly (string | undefined)[],
) => Reply;

function refuseToken(server: HubServer, request: SeenRequest): Reply | null {
  const { authorization } = request.headers;
  if (authorization === undefined || authorization === `Bearer ${server.options.token}`) return null;
  return failure(401, null, "Invalid credentials in Authorization header");
}

/** The repository, or why the request gets none. */
function access(
  server: HubServer,
  request: SeenRequest,
  id: string,
  toFiles: boolean,
): HubRepository | Reply {
  const repository = server.repository(id);
  const known = request.headers.authorization !== undefined;
  if (repository === undefined || (repository.isPrivate && !known)) {
    // Without a token the Hub does not say whether a private dataset of that name exists.
    return known
      ? failure(404, "RepoNotFound", "Repository not found")
      : failure(401, "RepoNotFound", "Invalid username or password.");
  }
  if (repository.movedTo !== null) {
    const location = request.url.replace(id, repository.movedTo);
    return { status: 307, headers: { location }, body: Buffer.from(`Redirecting to ${location}`) };
  }
  if (!toFiles || repository.gated === false) return repository;
  if (!known)
    return failure(
      401,
      "GatedRepo",
      `Access to dataset ${id} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
    );
  if (!(server.options.granted ?? []).includes(id))
    return failure(
      403,
      "GatedRepo",
      `Access to dataset ${id} is restricted and you are not in the authorized list. Visit ${server.url}/datasets/${id} to ask for access.`,
    );
  return repository;
}

function api(
  server: HubServer,
  request: SeenRequest,
  url: URL,
  [id = "", verb, rest = ""]: readonly (string | undefined)[],
): Reply {
  const repository = access(server, request, id, false);
  if ("status" in repository) return repository;
  if (verb === "parquet") return parquetApi(server, repository, rest);
  const [name = "main", ...path] = rest.split("/");
  const commit = repository.resolve(decodeURIComponent(name));
  if (commit === undefined)
    return failure(404, "RevisionNotFound", `Invalid rev id: ${decodeURIComponent(name)}`);
  if (verb === "revision") return json(info(repository, commit, url.searchParams.getAll("expand")));
  return treePage(server, repository.tree(commit), url, decodeURIComponent(path.join("/")));
}

function info(repository: HubRepository, commit: string, expand: readonly string[]): unknown {
  const all: Record<string, unknown> = {
    _id: sha1(repository.id).slice(0, 24),
    id: repository.id,
    author: repository.id.split("/")[0],
    sha: commit,
    lastModified: "2024-01-02T03:04:05.000Z",
    createdAt: "2022-03-02T23:29:22.000Z",
    private: repository.isPrivate,
    gated: repository.gated,
    disabled: false,
    tags: ["task_categories:text-classification"],
    downloads: 1234,
    likes: 5,
    cardData: repository.card(commit),
    siblings: [...repository.tree(commit).keys()].map((rfilename) => ({ rfilename })),
  };
  if (expand.length === 0) return all;
  return Object.fromEntries(Object.entries(all).filter(([key]) => ["_id", "id", ...expand].includes(key)));
}

function entryOf(path: string, { bytes, oid, lfs }: HubBlob): unknown {
  const entry = { type: "file", oid, size: bytes.length, path };
  if (lfs === null) return entry;
  return { ...entry, lfs: { oid: lfs.sha256, size: bytes.length, pointerSize: lfs.pointer.length } };
}

function treePage(server: HubServer, tree: HubTree, url: URL, folder: string): Reply {
  const recursive = /^(true|1)$/i.test(url.searchParams.get("recursive") ?? "");
  const prefix = folder === "" ? "" : `${folder}/`;
  const entries = new Map<string, unknown>();
  for (const [path, blob] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith(prefix)) continue;
    const parts = path.slice(prefix.length).split("/");
    for (let depth = 1; depth < parts.length && (recursive || depth === 1); depth++) {
      const above = prefix + parts.slice(0, depth).join("/");
      entries.set(above, { type: "directory", oid: sha1(above), size: 0, path: above });
    }
    if (recursive || parts.length === 1) entries.set(path, entryOf(path, blob));
  }
  if (entries.size === 0 && prefix !== "")
    return failure(404, "EntryNotFound", `${folder} does not exist on this revision`);
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const size = server.options.pageSize ?? PAGE_SIZE;
  const next = new URL(url);
  next.searchParams.set("cursor", String(from + size));
  const headers: Record<string, string> =
    from + size < entries.size ? { link: `<${next.href}>; rel="next"` } : {};
  return json([...entries.values()].slice(from, from + size), headers);
}

/** `/parquet` lists all, `/parquet/{config}/{split}` a part, and `/parquet/{config}/{split}/{n}.parquet` is a file. */
function parquetApi(server: HubServer, repository: HubRepository, rest: string): Reply {
  const [config, split, file] = rest === "" ? [] : rest.split("/").map(decodeURIComponent);
  if (repository.parquet === undefined)
    return failure(404, null, "The parquet export of this dataset is not available.");
  const all = Object.entries(repository.parquet).map(([name, splits]) => {
    const base = `${server.url}/api/datasets/${repository.id}/parquet/${encodeURIComponent(name)}`;
    const lists = Object.entries(splits).map(
      ([one, shards]) =>
        [one, shards.map((_bytes, i) => `${base}/${encodeURIComponent(one)}/${i}.parquet`)] as const,
    );
    return [name, Object.fromEntries(lists)] as const;
  });
  const found = Object.fromEntries(all);
  if (config === undefined) return json(found);
  const listed = split === undefined ? found[config] : found[config]?.[split];
  if (listed === undefined) return failure(404, null, "Not found");
  if (file === undefined) return json(listed);
  const shard = `${config}/${split}/${file.replace(/\.parquet$/, "").padStart(4, "0")}.parquet`;
  const location = `/datasets/${repository.id}/resolve/${encodeURIComponent(CONVERSION)}/${shard}`;
  return { status: 302, headers: { location }, body: Buffer.alloc(0) };
}

function resolve(
  server: HubServer,
  request: SeenRequest,
  _url: URL,
  [id = "", verb, rest = ""]: readonly (string | undefined)[],
): Reply {
  const repository = access(server, request, id, true);
  if ("status" in repository) return repository;
  const [name = "", ...parts] = rest.split("/").map(decodeURIComponent);
  const commit = repository.resolve(name);
  if (commit === undefined) return failure(404, "RevisionNotFound", `Invalid rev id: ${name}`);
  const path = parts.join("/");
  const blob = repository.tree(commit).get(path);
  if (blob === undefined) return failure(404, "EntryNotFound", "Entry not found");
  const common = { "x-repo-commit": commit, "accept-ranges": "bytes" };
  if (verb === "raw")
    return fileReply(request, blob.lfs?.pointer ?? blob.bytes, { ...common, etag: `"${blob.oid}"` });
  const linked = { "x-linked-size": String(blob.bytes.length) };
  if (blob.lfs === null) {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const location = `/api/resolve-cache/datasets/${id}/${commit}/${encoded}?etag=${encodeURIComponent(`"${blob.oid}"`)}`;
    const headers = { ...common, ...linked, location, etag: `"${blob.oid}"` };
    return { status: 307, headers, body: Buffer.from(`Temporary Redirect. Redirecting to ${location}`) };
  }
  const { sha256 } = blob.lfs;
  const location = `${server.cdnUrl}/repos/${sha1(id)}/${sha256}?X-Amz-Signature=${sha1(sha256)}&path=${encodeURIComponent(`${id}\n${commit}\n${path}`)}`;
  const headers = {
    ...common,
    ...linked,
    location,
    "x-linked-etag": `"${sha256}"`,
    etag: `"${blob.oid}"`,
    link: `<${server.url}/api/datasets/${id}/xet-read-token/${commit}>; rel="xet-auth"`,
  };
  return { status: 302, headers, body: Buffer.from(`Found. Redirecting to ${location}`) };
}

function fromCache(
  server: HubServer,
  request: SeenRequest,
  _url: URL,
  [id = "", , rest = ""]: readonly (string | undefined)[],
): Reply {
  const repository = access(server, request, id, true);
  if ("status" in repository) return repository;
  const [commit = "", ...parts] = rest.split("/").map(decodeURIComponent);
  const blob = repository.tree(commit).get(parts.join("/"));
  if (blob === undefined) return failure(404, "EntryNotFound", "Entry not found");
  return fileReply(request, blob.bytes, { "x-repo-commit": commit, etag: `"${blob.oid}"` });
}

/** The other host's answer: it knows only signed addresses, and its etags are its own. */
export function cdnReply(server: HubServer, request: SeenRequest): Reply {
  const [id = "", commit = "", path = ""] = (
    new URL(request.url, server.cdnUrl).searchParams.get("path") ?? ""
  ).split("\n");
  const blob = server.repository(id)?.tree(commit).get(path);
  if (blob === undefined) return failure(403, null, "AccessDenied");
  return fileReply(request, blob.bytes, { etag: `"${sha1(blob.bytes).slice(0, 32)}"` });
}

function fileReply(request: SeenRequest, file: Buffer, headers: Readonly<Record<string, string>>): Reply {
  const base = { "content-type": "application/octet-stream", "accept-ranges": "bytes", ...headers };
  const range = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers.range ?? ""));
  const condition = request.headers["if-range"];
  if (range === null || (condition !== undefined && condition !== headers.etag))
    return { status: 200, headers: base, body: file, file };
  const from = Number(range[1]);
  const to = Math.min(range[2] === "" ? Number.POSITIVE_INFINITY : Number(range[2]), file.length - 1);
  if (from >= file.length)
    return {
      status: 416,
      headers: { ...base, "content-range": `bytes */${file.length}` },
      body: Buffer.alloc(0),
      file,
    };
  const part = { ...base, "content-range": `bytes ${from}-${to}/${file.length}` };
  return { status: 206, headers: part, body: file.subarray(from, to + 1), file };
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  const body = Buffer.from(JSON.stringify(value));
  return { status: 200, headers: { "content-type": "application/json; charset=utf-8", ...headers }, body };
}

function failure(status: number, code: string | null, message: string): Reply {
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "x-error-message": message,
    ...(code === null ? {} : { "x-error-code": code }),
  };
  return { status, headers, body: Buffer.from(JSON.stringify({ error: message })) };
}
