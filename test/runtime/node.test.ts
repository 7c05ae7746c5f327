import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import type { Loaded } from "../../src/modelpack/modelpack.ts";
import { Modelpack, ModelpackError, openModelpack } from "../../src/runtime/node.ts";
import { forge } from "../support/forge.ts";
import { handmadeModel, tinyModel } from "../support/model.ts";
import { FIRST, filesOf, manifestOf, petsModel, SECOND, turnedModel, writeVersion } from "../support/pack.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TEXT = "wire 200 euros to the bank";
const DEFAULTS = { defaults: { query_domain: "general" } };

/** A root with one version of two families. */
function root(): string {
  const folder = temporaryFolder();
  writeVersion(folder, FIRST, [tinyModel(), petsModel()]);
  return folder;
}

const router = (folder: string, version = FIRST) => join(folder, version, "router_model.safetensors");
const manifest = (folder: string, version = FIRST) => join(folder, version, "manifest.json");

describe("openModelpack", () => {
  it.each([
    ["a folder of versions", ""],
    ["a version", FIRST],
  ])("opens %s", async (_, below) => {
    const pack = await openModelpack(join(root(), below));
    expect(pack.status()).toMatchObject({ version: FIRST, errors: [] });
    expect(pack.status().families.map(({ family }) => family)).toEqual(["router", "pets"]);
    expect(pack.predict("query_domain", TEXT)).toMatchObject({ label: "finance", source: "model" });
    expect(pack.predict("pet", "cat").label).toBe("cat");
  });

  it("answers the same in a process without WebAssembly", async () => {
    const folder = root();
    const script =
      "const [door, folder, text] = process.argv.slice(1);" +
      "const { openModelpack } = await import(door);" +
      "console.log(JSON.stringify((await openModelpack(folder, { strict: true })).predict('query_domain', text)));";
    const door = new URL("../../dist/runtime/node.js", import.meta.url).href;
    const args = ["--jitless", "--input-type=module", "-e", script, door, folder, TEXT];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const pack = await openModelpack(folder);
    expect(JSON.parse(stdout)).toEqual(pack.predict("query_domain", TEXT));
  });

  it("follows a link to the folder, and ignores what lies beside the version", async () => {
    const folder = root();
    writeFileSync(join(folder, FIRST, "notes.txt"), "not listed");
    mkdirSync(join(folder, `.${SECOND}.7.tmp`));
    symlinkSync(folder, join(folder, "link"));
    expect((await openModelpack(join(folder, "link"))).status().errors).toEqual([]);
  });
});

type Damage = (folder: string) => void;

describe("a pack that is missing or broken as a whole", () => {
  const cases: readonly [string, Damage, string, RegExp][] = [
    [
      "no folder",
      (f) => rmSync(f, { recursive: true }),
      "MODEL_MISSING",
      /neither manifest.json nor latest.json/,
    ],
    [
      "an empty folder",
      (f) => {
        rmSync(f, { recursive: true });
        mkdirSync(f);
      },
      "MODEL_MISSING",
      /neither/,
    ],
    [
      "a file in its place",
      (f) => {
        rmSync(f, { recursive: true });
        writeFileSync(f, "x");
      },
      "MODEL_MISSING",
      /neither/,
    ],
    ["no latest.json", (f) => rmSync(join(f, "latest.json")), "MODEL_MISSING", /neither/],
    [
      "a broken latest.json",
      (f) => writeFileSync(join(f, "latest.json"), '{"version": "0000'),
      "MODEL_CORRUPT",
      /latest.json names no version/,
    ],
    [
      "an empty latest.json",
      (f) => writeFileSync(join(f, "latest.json"), ""),
      "MODEL_CORRUPT",
      /latest.json names no version/,
    ],
    [
      "latest.json null",
      (f) => writeFileSync(join(f, "latest.json"), "null"),
      "MODEL_CORRUPT",
      /names no version/,
    ],
    [
      "latest.json out of the folder",
      (f) => writeFileSync(join(f, "latest.json"), '{"version":"../elsewhere"}'),
      "MODEL_CORRUPT",
      /names no version/,
    ],
    [
      "an endless latest.json",
      (f) => writeFileSync(join(f, "latest.json"), " ".repeat(10_000)),
      "MODEL_CORRUPT",
      /10000 bytes, over the 4096 expected/,
    ],
    [
      "a version that is gone",
      (f) => rmSync(join(f, FIRST), { recursive: true }),
      "MODEL_MISSING",
      /manifest.json is not there/,
    ],
    ["no manifest", (f) => rmSync(manifest(f)), "MODEL_MISSING", /manifest.json is not there/],
    ["half a manifest", (f) => truncateSync(manifest(f), 100), "MODEL_CORRUPT", /not JSON/],
    [
      "a folder for a manifest",
      (f) => {
        rmSync(manifest(f));
        mkdirSync(manifest(f));
      },
      "MODEL_CORRUPT",
      /is no file/,
    ],
    [
      "a manifest of another version",
      (f) => writeFileSync(manifest(f), manifestOf(SECOND, {})),
      "MODEL_CORRUPT",
      /expected version 000000000001, got 000000000002/,
    ],
    [
      "a manifest without models",
      (f) => writeFileSync(manifest(f), manifestOf(FIRST, {})),
      "MODEL_CORRUPT",
      /lists no model file/,
    ],
    [
      "a newer manifest",
      (f) => writeFileSync(manifest(f), manifestOf(FIRST, {}, { format_version: 9 })),
      "MODEL_TOO_NEW",
      /format version 9; this modelpack reads version 1/,
    ],
  ];

  it.each(cases)("%s answers with defaults", async (_, damage, code, problem) => {
    const folder = root();
    damage(folder);
    const pack = await openModelpack(folder, DEFAULTS);
    const { version, families, errors } = pack.status();
    expect({ version, families, codes: errors.map((error) => error.code) }).toEqual({
      version: null,
      families: [],
      codes: [code],
    });
    expect(errors[0]?.message).toMatch(problem);
    const answer = { confidence: 0, source: "default", reason: "no_model" };
    expect(pack.predict("query_domain", TEXT)).toEqual({ task: "query_domain", label: "general", ...answer });
    expect(pack.predict("pet", "cat")).toEqual({ task: "pet", label: null, ...answer });
    expect(pack.predictFamily("router", TEXT)).toEqual([]);
    expect(pack.explain("query_domain", TEXT)).toBeNull();
    expect(await pack.reload()).toBe(false);
  });

  it.each(cases)("%s throws where strict", async (_, damage, code, problem) => {
    const folder = root();
    damage(folder);
    const opened = openModelpack(folder, { ...DEFAULTS, strict: true });
    await expect(opened).rejects.toBeInstanceOf(ModelpackError);
    await expect(opened).rejects.toMatchObject({ code, message: expect.stringMatching(problem) as string });
  });

  it("opens whatever it is given for a folder", async () => {
    for (const folder of ["", "\0", 7, null, undefined]) {
      const pack = await openModelpack(folder as string, DEFAULTS);
      expect(pack.status().errors.length, String(folder)).toBe(1);
      expect(pack.predict("query_domain", TEXT).label).toBe("general");
    }
  });
});

describe("a model file of several pieces", () => {
  // 3 MB, read half a MiB at a time.
  const words = Object.fromEntries(
    Array.from({ length: 150_000 }, (_, i) => [`w${i}`, [i % 7, 1, 2, -i % 5]]),
  );
  const wide = handmadeModel("wide", [{ name: "t", labels: ["a", "b", "c", "d"], words }], false);
  const made = () => {
    const folder = temporaryFolder();
    writeVersion(folder, FIRST, [wide]);
    return { folder, path: join(folder, FIRST, "wide_model.safetensors") };
  };

  it("is read whole, and answers as its model does", async () => {
    const { folder } = made();
    const pack = await openModelpack(folder, { strict: true });
    const text = "w6 w13 w149999";
    const { label, confidence } = pack.predict("t", text);
    const probabilities = familyClassifier(wide).probabilities(0, text, "");
    expect(confidence).toBe(Math.max(...probabilities));
    expect(label).toBe(["a", "b", "c", "d"][probabilities.indexOf(confidence)]);
  });

  it.each([
    ["a byte of the last piece", (bytes: Buffer) => bytes.length - 3],
    ["a byte on the edge of two", () => 2 ** 20],
  ])("is known to be damaged in %s", async (_, at) => {
    const { folder, path } = made();
    const bytes = readFileSync(path);
    expect(bytes.length).toBeGreaterThan(5 * 2 ** 19);
    bytes[at(bytes)] = (bytes[at(bytes)] as number) ^ 1;
    writeFileSync(path, bytes);
    await expect(openModelpack(folder, { strict: true })).rejects.toThrow(/expected sha256/);
  });

  it.each([2 ** 20, 2 ** 20 + 1, 1_700_000])("is known to be cut after %i bytes", async (length) => {
    const { folder, path } = made();
    truncateSync(path, length);
    await expect(openModelpack(folder, { strict: true })).rejects.toThrow(`got ${length}`);
  });
});

describe("one of two families that is damaged", () => {
  const flip = (path: string, at: number) => {
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(path, bytes);
  };

  it.each<[string, Damage, string, RegExp]>([
    ["gone", (f) => rmSync(router(f)), "MODEL_MISSING", /router_model.safetensors is not there/],
    ["cut", (f) => truncateSync(router(f), 500), "MODEL_CORRUPT", /expected \d+ bytes, got 500/],
    ["empty", (f) => truncateSync(router(f), 0), "MODEL_CORRUPT", /expected \d+ bytes, got 0/],
    ["longer", (f) => appendFileSync(router(f), "\0"), "MODEL_CORRUPT", /bytes, over the \d+ expected/],
    ["flipped in a bit", (f) => flip(router(f), 1200), "MODEL_CORRUPT", /expected sha256 /],
    [
      "of another pack",
      (f) => writeFileSync(router(f), filesOf([turnedModel()])["router_model.safetensors"] ?? ""),
      "MODEL_CORRUPT",
      /expected/,
    ],
    [
      "a folder",
      (f) => {
        rmSync(router(f));
        mkdirSync(router(f));
      },
      "MODEL_CORRUPT",
      /is no file/,
    ],
    [
      "a link in a circle",
      (f) => {
        rmSync(router(f));
        symlinkSync(router(f), router(f));
      },
      "STORAGE",
      /ELOOP/,
    ],
  ])("leaves the other serving: %s", async (_, damage, code, problem) => {
    const folder = root();
    damage(folder);
    const pack = await openModelpack(folder, DEFAULTS);
    expect(pack.status()).toMatchObject({
      version: FIRST,
      families: [{ family: "pets" }],
      errors: [{ code }],
    });
    expect(pack.status().errors[0]?.message).toMatch(problem);
    expect(pack.predict("pet", "cat")).toMatchObject({ label: "cat", source: "model" });
    expect(pack.predict("query_domain", TEXT)).toMatchObject({ label: "general", reason: "no_model" });
    expect(pack.predict("constructor", TEXT)).toMatchObject({ label: null, reason: "no_model" });
    await expect(openModelpack(folder, { strict: true })).rejects.toMatchObject({ code });
  });

  it("of a newer format, with a right digest, is named", async () => {
    const folder = root();
    const files = filesOf([tinyModel(), petsModel()]);
    const name = "router_model.safetensors";
    files[name] = forge(files[name] as Uint8Array, ({ metadata }) =>
      Object.assign(metadata, { format_version: "2" }),
    );
    writeFileSync(join(folder, FIRST, name), files[name]);
    writeFileSync(manifest(folder), manifestOf(FIRST, files));
    const pack = await openModelpack(folder);
    expect(pack.status().errors).toEqual([
      {
        code: "MODEL_TOO_NEW",
        message: `${name} has format version 2; this modelpack reads version 1`,
        where: name,
      },
    ]);
  });

  it("that claims the other's task is refused", async () => {
    const folder = root();
    const taken = petsModel().tasks.map((task) => ({ ...task, name: "query_domain" }));
    const other = { ...petsModel(), tasks: taken };
    writeVersion(folder, SECOND, [tinyModel(), other]);
    const pack = await openModelpack(folder);
    expect(pack.status().errors[0]?.message).toBe(
      "pets_model.safetensors: another file has task query_domain already",
    );
    expect(pack.predict("query_domain", TEXT).label).toBe("finance");
  });
});

describe("reload", () => {
  const label = (pack: Awaited<ReturnType<typeof openModelpack>>) => pack.predict("query_domain", TEXT).label;

  it("follows the pointer to a new version", async () => {
    const folder = root();
    const pack = await openModelpack(folder);
    expect(await pack.reload()).toBe(true);
    writeVersion(folder, SECOND, [turnedModel()]);
    expect([label(pack), pack.status().version]).toEqual(["finance", FIRST]);
    expect(await pack.reload()).toBe(true);
    expect([label(pack), pack.status().version]).toEqual(["finance", SECOND]);
    expect(pack.predict("constructor", "euros").label).toBe("Größe");
    expect(pack.predict("pet", "cat")).toMatchObject({ label: null, reason: "unknown_task" });
  });

  it.each<[string, Damage]>([
    ["half a model file", (f) => truncateSync(router(f, SECOND), 700)],
    ["no manifest yet", (f) => rmSync(manifest(f, SECOND))],
    ["one family missing", (f) => rmSync(join(f, SECOND, "pets_model.safetensors"))],
    ["a model file of the version before", (f) => writeFileSync(router(f, SECOND), readFileSync(router(f)))],
    ["the pointer gone", (f) => rmSync(join(f, "latest.json"))],
    ["the folder gone", (f) => rmSync(f, { recursive: true })],
  ])("keeps the old model whole where the new one has %s", async (_, damage) => {
    const folder = root();
    const pack = await openModelpack(folder);
    const before = pack.status();
    writeVersion(folder, SECOND, [turnedModel(), petsModel()]);
    damage(folder);
    expect(await pack.reload()).toBe(false);
    expect(pack.status()).toEqual({ ...before, errors: pack.status().errors });
    expect(pack.status().errors.length).toBe(1);
    expect([label(pack), pack.predict("pet", "cat").label]).toEqual(["finance", "cat"]);
    expect(pack.predict("constructor", "euros").label).toBe("__proto__");
  });

  it("recovers when the copy is whole, and forgets the error", async () => {
    const folder = root();
    const pack = await openModelpack(folder);
    writeVersion(folder, SECOND, [turnedModel()]);
    renameSync(manifest(folder, SECOND), join(folder, "aside"));
    expect(await pack.reload()).toBe(false);
    renameSync(join(folder, "aside"), manifest(folder, SECOND));
    expect(await pack.reload()).toBe(true);
    expect(pack.status()).toMatchObject({ version: SECOND, errors: [] });
  });

  it("opens later what was missing at first", async () => {
    const folder = temporaryFolder();
    const pack = await openModelpack(folder, DEFAULTS);
    expect(pack.predict("query_domain", TEXT).reason).toBe("no_model");
    writeVersion(folder, FIRST, [tinyModel()]);
    expect(await pack.reload()).toBe(true);
    expect(pack.predict("query_domain", TEXT)).toMatchObject({ label: "finance", source: "model" });
  });

  it("that is strict rejects, and the old model serves", async () => {
    const folder = root();
    const pack = await openModelpack(folder, { strict: true });
    truncateSync(router(folder), 10);
    await expect(pack.reload()).rejects.toMatchObject({ code: "MODEL_CORRUPT" });
    expect(label(pack)).toBe("finance");
    expect(pack.status().errors.length).toBe(1);
    writeVersion(folder, FIRST, [tinyModel()]);
    expect(await pack.reload()).toBe(true);
  });

  it("ends with the newest version when several run at once", async () => {
    const folder = root();
    const pack = await openModelpack(folder);
    const first = pack.reload();
    writeVersion(folder, SECOND, [turnedModel()]);
    expect(await Promise.all([first, pack.reload(), pack.reload()])).toEqual([true, true, true]);
    expect(pack.status().version).toBe(SECOND);
  });

  it("does not let a slow load undo a later one", async () => {
    const version = (name: string): Loaded => ({ version: name, classifiers: [], problems: [] });
    let finish = (_: Loaded) => {};
    const slow = new Promise<Loaded>((resolve) => {
      finish = resolve;
    });
    const loads = [Promise.resolve(version("opened")), slow, Promise.resolve(version("last"))];
    const pack = await Modelpack.open(() => loads.shift() as Promise<Loaded>);
    const both = [pack.reload(), pack.reload()];
    setImmediate(() => finish(version("slow")));
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(pack.status().version).toBe("last");
  });

  it("takes a load that throws for a problem", async () => {
    const whole: Loaded = { version: FIRST, classifiers: [], problems: [] };
    let broken = false;
    const pack = await Modelpack.open(async () => {
      if (broken) throw new RangeError("no more");
      return whole;
    });
    broken = true;
    expect(await pack.reload()).toBe(false);
    expect(pack.status()).toMatchObject({
      version: FIRST,
      errors: [{ code: "STORAGE", message: "no more" }],
    });
    const never = await Modelpack.open(() => Promise.reject(new RangeError("never")));
    expect(never.status().errors[0]?.message).toBe("never");
  });

  it("does not disturb what is in memory when a file is replaced in place", async () => {
    const folder = root();
    const pack = await openModelpack(folder);
    const before = pack.predict("constructor", "wire euros");
    writeFileSync(router(folder), new Uint8Array(5000));
    expect(pack.predict("constructor", "wire euros")).toEqual(before);
  });
});
