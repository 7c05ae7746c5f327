import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { loadModelpack, ModelpackError } from "../../src/runtime/index.ts";
import { tinyModel } from "../support/model.ts";
import { FIRST, filesOf, manifestOf, petsModel } from "../support/pack.ts";

const TEXT = "wire 200 euros to the bank";
const ROUTER = writeFamilyFile(tinyModel());
const PETS = writeFamilyFile(petsModel());

/** The file's bytes in the middle of a larger buffer, where nothing is aligned. */
function shifted(file: Uint8Array, by: number): Uint8Array {
  const view = new Uint8Array(file.length + 40).subarray(by, by + file.length);
  view.set(file);
  return view;
}

describe("loadModelpack from bytes", () => {
  it.each([
    ["a Uint8Array", ROUTER],
    ["a Buffer", Buffer.from(ROUTER)],
    ["an ArrayBuffer", new Uint8Array(ROUTER).buffer],
    ["a view that nothing aligns", shifted(ROUTER, 3)],
    ["a list", [ROUTER, new Uint8Array(PETS).buffer]],
  ])("reads %s", async (_, source) => {
    const pack = await loadModelpack(source, { strict: true });
    expect(pack.status()).toMatchObject({ version: null, errors: [] });
    expect(pack.predict("query_domain", TEXT)).toMatchObject({ label: "finance", source: "model" });
    expect(await pack.reload()).toBe(true);
  });

  it("serves the whole ones of a list, and tells which is not", async () => {
    const pack = await loadModelpack([PETS, ROUTER.slice(0, 100), ROUTER, ROUTER]);
    expect(pack.status().families.map(({ family }) => family)).toEqual(["pets", "router"]);
    expect(pack.status().errors).toEqual([
      {
        code: "MODEL_CORRUPT",
        where: "model file 1",
        message: expect.stringMatching(/^model file 1: /) as string,
      },
      {
        code: "MODEL_CORRUPT",
        where: "model file 3",
        message: "model file 3: another file has family router already",
      },
    ]);
    expect(await pack.reload()).toBe(false);
  });

  it.each<[string, unknown]>([
    ["nothing", new Uint8Array(0)],
    ["null", null],
    ["a number", 7],
    ["a list of nulls", [null]],
    ["a symbol", Symbol("pack")],
    ["zeros", new Uint8Array(64)],
    ["text", new TextEncoder().encode("<!doctype html>")],
  ])("opens %s, and answers with defaults", async (_, source) => {
    const pack = await loadModelpack(source as Uint8Array, { defaults: { query_domain: "general" } });
    expect(pack.status().errors.length).toBe(1);
    expect(pack.predict("query_domain", TEXT)).toMatchObject({ label: "general", reason: "no_model" });
    await expect(loadModelpack(source as Uint8Array, { strict: true })).rejects.toBeInstanceOf(
      ModelpackError,
    );
  });
});

/** A server on loopback that ends with the test; its URL, without a slash at the end. */
async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const FILES = filesOf([tinyModel(), petsModel()]);
const MANIFEST = manifestOf(FIRST, FILES);

/** Serves the pack below /packs/, but for what `instead` answers itself. */
function packServer(instead: Record<string, RequestListener> = {}): RequestListener {
  return (request, response) => {
    const name = (request.url ?? "").replace(/\?.*$/, "").replace("/packs/", "");
    const other = instead[name];
    if (other !== undefined) return other(request, response);
    const body = name === "manifest.json" ? MANIFEST : FILES[name];
    if (body === undefined) return response.writeHead(404).end("<h1>Not found</h1>");
    response.end(body);
  };
}

const answer =
  (status: number, body: string | Uint8Array, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

describe("loadModelpack from a URL", () => {
  it.each([
    ["text", (base: string) => `${base}/packs/manifest.json`],
    ["a URL", (base: string) => new URL("/packs/manifest.json", base)],
    ["a URL with a query of slashes", (base: string) => `${base}/packs/manifest.json?key=a/b&c#d/e`],
  ])("reads %s", async (_, url) => {
    const pack = await loadModelpack(url(await serve(packServer())), { strict: true });
    expect(pack.status()).toMatchObject({ version: FIRST, errors: [] });
    expect(pack.predict("query_domain", TEXT)).toMatchObject({ label: "finance", source: "model" });
    expect(pack.predict("pet", "cat").label).toBe("cat");
    expect(await pack.reload()).toBe(true);
  });

  const router = FILES["router_model.safetensors"] as Uint8Array;
  const flipped = router.slice();
  flipped[1300] = (flipped[1300] as number) ^ 4;
  const edited = new TextDecoder().decode(MANIFEST).replace("pets_model", "cats_model");
  const cut: RequestListener = (_, response) => {
    response.writeHead(200, { "content-length": String(router.length) });
    response.write(router.slice(0, 600));
    setTimeout(() => response.destroy(), 20);
  };
  const endless: RequestListener = (_, response) => {
    const pour = () => {
      while (!response.destroyed && response.write(new Uint8Array(65_536)));
    };
    response.on("drain", pour);
    pour();
  };

  it.each<[string, RequestListener, string, RegExp]>([
    ["404", answer(404, "no"), "MODEL_MISSING", /router_model.safetensors: the server answered 404/],
    ["500", answer(500, "no"), "MODEL_MISSING", /the server answered 500/],
    ["HTML", answer(200, "<!doctype html><p>Please log in"), "MODEL_CORRUPT", /expected \d+ bytes, got 31/],
    ["nothing", answer(200, ""), "MODEL_CORRUPT", /expected \d+ bytes, got 0/],
    ["a wrong digest", answer(200, flipped), "MODEL_CORRUPT", /expected sha256/],
    ["half of it", answer(200, router.slice(0, 700)), "MODEL_CORRUPT", /expected \d+ bytes, got 700/],
    ["a connection that breaks", cut, "MODEL_MISSING", /not received \(/],
    ["a body without an end", endless, "MODEL_CORRUPT", /more than the \d+ bytes expected/],
    ["a connection that is closed", (_, response) => response.destroy(), "MODEL_MISSING", /not received \(/],
  ])("serves the other family where one has %s", async (_, listener, code, problem) => {
    const base = await serve(packServer({ "router_model.safetensors": listener }));
    const pack = await loadModelpack(`${base}/packs/manifest.json`);
    expect(pack.status()).toMatchObject({
      version: FIRST,
      families: [{ family: "pets" }],
      errors: [{ code }],
    });
    expect(pack.status().errors[0]?.message).toMatch(problem);
    expect(pack.predict("pet", "cat")).toMatchObject({ label: "cat", source: "model" });
    expect(pack.predict("query_domain", TEXT).reason).toBe("no_model");
  });

  it("checks the tensors' checksums where a page has no SHA-256", async () => {
    vi.stubGlobal("crypto", undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    const whole = await serve(packServer({}));
    expect((await loadModelpack(`${whole}/packs/manifest.json`)).status().errors).toEqual([]);
    const weighty = router.slice();
    weighty[weighty.length - 80] = (weighty[weighty.length - 80] as number) ^ 1;
    const base = await serve(packServer({ "router_model.safetensors": answer(200, weighty) }));
    const [problem] = (await loadModelpack(`${base}/packs/manifest.json`)).status().errors;
    expect(problem?.message).toMatch(/router_model.safetensors: tensor "\w+" differs from its checksum/);
  });

  it.each<[string, RequestListener, string, RegExp]>([
    ["404", answer(404, "no"), "MODEL_MISSING", /packs\/manifest.json: the server answered 404/],
    ["HTML", answer(200, "<!doctype html>", { "content-type": "text/html" }), "MODEL_CORRUPT", /not JSON/],
    ["half of it", answer(200, MANIFEST.slice(0, 300)), "MODEL_CORRUPT", /not JSON/],
    [
      "one that was edited",
      answer(200, edited),
      "MODEL_CORRUPT",
      /manifest.json: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}/,
    ],
    ["a body without an end", endless, "MODEL_CORRUPT", /more than the 16777216 bytes expected/],
    [
      "a newer format",
      answer(200, manifestOf(FIRST, FILES, { format_version: 2 })),
      "MODEL_TOO_NEW",
      /version 2/,
    ],
  ])("answers with defaults where the manifest is %s", async (_, listener, code, problem) => {
    const base = await serve(packServer({ "manifest.json": listener }));
    const pack = await loadModelpack(`${base}/packs/manifest.json`, { defaults: { pet: "cat" } });
    expect(pack.status()).toMatchObject({ version: null, families: [], errors: [{ code }] });
    expect(pack.status().errors[0]?.message).toMatch(problem);
    expect(pack.predict("pet", "dog")).toMatchObject({ label: "cat", reason: "no_model" });
  });

  it("answers with defaults where nobody listens", async () => {
    const pack = await loadModelpack("http://127.0.0.1:9/manifest.json");
    expect(pack.status().errors[0]).toMatchObject({
      code: "MODEL_MISSING",
      where: "http://127.0.0.1:9/manifest.json",
    });
    for (const url of ["not a url", "manifest.json", "", "ftp://127.0.0.1/manifest.json"])
      expect((await loadModelpack(url)).status().errors.length, url).toBe(1);
  });

  it("asks for files beside the manifest with the fetch that it is given", async () => {
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = async (url) => {
      asked.push(String(url));
      const name = String(url).replace(/^.*\//, "");
      return new Response(name === "manifest.json" ? MANIFEST : new Uint8Array(FILES[name] as Uint8Array));
    };
    const pack = await loadModelpack("models/manifest.json", { fetch, strict: true });
    expect(asked).toEqual(
      ["manifest", "router_model", "pets_model"].map(
        (n) => `models/${n}.${n === "manifest" ? "json" : "safetensors"}`,
      ),
    );
    expect(pack.predict("pet", "dog").label).toBe("dog");
  });

  it("keeps the old model when a reload meets a broken server", async () => {
    let broken = false;
    const base = await serve((request, response) =>
      broken ? response.writeHead(503).end() : packServer()(request, response),
    );
    const pack = await loadModelpack(`${base}/packs/manifest.json`);
    broken = true;
    expect(await pack.reload()).toBe(false);
    expect(pack.predict("query_domain", TEXT).label).toBe("finance");
    expect(pack.status()).toMatchObject({ version: FIRST, errors: [{ code: "MODEL_MISSING" }] });
  });
});
