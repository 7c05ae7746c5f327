// SPDX-License-Identifier: Apache-2.0
import { existsSync, linkSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type CliResult, cli, ended, jsonOf, says, startCli } from "../support/cli.ts";
import { handmadeModel, tinyModel } from "../support/model.ts";
import { FIRST, writeVersion } from "../support/pack.ts";
import { namesIn } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const packs = sharedFolder();
writeVersion(packs, FIRST, [tinyModel()]);
const PACK = ["--pack", packs, "--task", "query_domain"];

function folderWith(content = "text,n\neuros bank,01\nhello,02\n"): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "rows.csv"), content);
  return folder;
}

const predict = (folder: string, ...args: readonly string[]): CliResult =>
  cli(folder, ["predict", ...PACK, ...args]);

const ROWS =
  "text,n,query_domain_label,query_domain_confidence,query_domain_reason\neuros bank,01,finance,0.9999999999999991,\nhello,02,general,";

describe("predict --file", () => {
  it("prints the rows as they came, and says on standard error what they came to", () => {
    const { code, out, err } = predict(folderWith(), "--file", "rows.csv");
    expect([code, err]).toEqual([0, "query_domain: a model answered 2 rows\n"]);
    expect(out.startsWith(ROWS.slice(0, ROWS.indexOf("0.99")))).toBe(true);
    expect(out.split("\n").length).toBe(4);
  });

  it("writes a file, and then says where it is", () => {
    const folder = folderWith();
    const { code, out, err } = predict(folder, "--file", "rows.csv", "--out", "out/new.tsv");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(
      "query_domain: a model answered 2 rows\n2 rows with query_domain_label, query_domain_confidence, query_domain_reason: out/new.tsv\n",
    );
    expect(readFileSync(join(folder, "out/new.tsv"), "utf8")).toMatch(/^text\tn\tquery_domain_label\t/);
    expect(namesIn(join(folder, "out"))).toEqual(["new.tsv"]);
  });

  it("writes a label a line, of text files to a text file", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "in.txt"), "euros bank\r\n\r\nflight hotel\nhello");
    const run = (out: string, ...more: string[]) =>
      predict(folder, "--file", "in.txt", "--out", out, ...more);
    expect(run("x.txt")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\n4 rows with query_domain_label: x\.txt\n$/),
    });
    const expected = ["finance", "general", "travel", "general", ""].join("\n");
    expect(readFileSync(join(folder, "x.txt"), "utf8")).toBe(expected);
    expect(run("x.txt.gz").code).toBe(0);
    expect(gunzipSync(readFileSync(join(folder, "x.txt.gz"))).toString()).toBe(expected);
    const found = jsonOf(run("y.txt", "--json"));
    expect(found).toMatchObject({ out: "y.txt", rows: 4, columns: ["query_domain_label"] });
    expect(run("z.txt", "--top", "2")).toMatchObject({
      code: 2,
      err: "error: a text file holds a label a line: --top has no place in it\n   = hint: leave it out, or name a file that ends in .csv\n",
    });
    expect(run("z.txt", "--prefix", "m_").err).toContain("--prefix has no place in it");
    expect(run("z.txt", "--text", "body").err).toContain('there is no column "body"; there are "text"');
    expect(existsSync(join(folder, "z.txt"))).toBe(false);
  });

  it("leaves a line empty where there is no label, and refuses two tasks in a text file", () => {
    const folder = temporaryFolder();
    const root = join(folder, "packs");
    const words = { cat: [9, -9], dog: [-9, 9] };
    const task = (name: string) => ({ name, labels: ["cat", "a\ndog"], words });
    writeVersion(root, FIRST, [handmadeModel("pets", [task("pet"), task("other")], false)]);
    writeFileSync(join(folder, "in.txt"), "dog\n\ncat\n");
    const args = ["predict", "--pack", root, "--file", "in.txt", "--out", "out.txt"];
    expect(cli(folder, [...args, "--task", "pet"]).code).toBe(0);
    expect(readFileSync(join(folder, "out.txt"), "utf8")).toBe("a\\ndog\n\ncat\n");
    expect(cli(folder, [...args, "--force"])).toMatchObject({
      code: 2,
      err: "error: a text file holds a label a line, got 2 tasks\n   = hint: name one with --task, or a file that ends in .csv\n",
    });
  });

  it("speaks of one row as one", () => {
    const folder = folderWith("text\neuros bank\n");
    expect(predict(folder, "--file", "rows.csv").err).toBe("query_domain: a model answered 1 row\n");
    expect(predict(folder, "--file", "rows.csv", "--out", "o.csv").out).toMatch(
      /^query_domain: a model answered 1 row\n1 row with query_domain_label, /,
    );
  });

  it("sums up with --json", () => {
    const folder = folderWith("text\neuros bank\n\n");
    const found = jsonOf(predict(folder, "--file", "rows.csv", "--out", "o.jsonl", "--json"));
    expect(found).toMatchObject({
      ok: true,
      command: "predict",
      out: "o.jsonl",
      rows: 2,
      tasks: [{ task: "query_domain", answered: 1, defaults: { empty_input: 1 } }],
    });
  });

  it("replaces a file with --force only, and never one that it reads", () => {
    const folder = folderWith();
    writeFileSync(join(folder, "there.csv"), "old");
    linkSync(join(folder, "rows.csv"), join(folder, "link.csv"));
    const before = readFileSync(join(folder, "rows.csv"), "utf8");
    expect(predict(folder, "--file", "rows.csv", "--out", "there.csv")).toMatchObject({
      code: 2,
      err: "error: there.csv is there already\n   = hint: name another file, or replace it with --force\n",
    });
    expect(readFileSync(join(folder, "there.csv"), "utf8")).toBe("old");
    expect(predict(folder, "--file", "rows.csv", "--out", "there.csv", "--force").code).toBe(0);
    expect(readFileSync(join(folder, "there.csv"), "utf8")).toMatch(/^text,n,/);
    for (const out of ["rows.csv", "link.csv"])
      expect(predict(folder, "--file", "rows.csv", "--out", out, "--force")).toMatchObject({
        code: 2,
        err: expect.stringContaining("is one of the files to read"),
      });
    expect(readFileSync(join(folder, "rows.csv"), "utf8")).toBe(before);
  });

  it.each<[string[], string]>([
    [["--file", "rows.csv", "a text"], "texts come from files or from arguments, got --file and 1 text\n"],
    [["--file", "rows.csv", "--json"], "the rows of --file need a file to go to"],
    [["--file", "rows.csv", "--out", "x.txt"], "only text files are written as text files"],
    [["--file", "rows.csv", "--out", "x.arrow"], "only Arrow files are written as Arrow files"],
    [["--file", "rows.csv", "--out", "."], "--out takes a file whose name says its format"],
    [["--file", "rows.csv", "--text-a", "text"], "two columns are for tasks that compare two texts"],
    [["--text", "n", "a text"], "--text goes with --file"],
    [["--out", "x.csv", "a text"], "--out goes with --file"],
    [["--force", "a text"], "--force goes with --file"],
  ])("%j is wrong usage: exit code 2", (args, message) => {
    const folder = folderWith();
    const { code, err } = predict(folder, ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain("= hint: ");
    expect(namesIn(folder)).toEqual(["rows.csv"]);
  });

  it.each(["SIGKILL", "SIGINT"] as const)(
    "%s in the middle leaves the old file, and nothing that stays",
    async (signal) => {
      const folder = folderWith(`text\n${"euros bank, hello flight\n".repeat(400_000)}`.replaceAll(",", ""));
      writeFileSync(join(folder, "out.csv"), "old");
      const child = startCli(folder, [
        "predict",
        ...PACK,
        "--file",
        "rows.csv",
        "--out",
        "out.csv",
        "--force",
      ]);
      const end = ended(child);
      await hasTemporary(folder);
      child.kill(signal);
      expect(await end).toBe(signal === "SIGINT" ? 130 : "SIGKILL");
      expect(readFileSync(join(folder, "out.csv"), "utf8")).toBe("old");
      writeFileSync(join(folder, "rows.csv"), "text\nhello\n");
      expect(predict(folder, "--file", "rows.csv", "--out", "out.csv", "--force").code).toBe(0);
      expect(namesIn(folder)).toEqual(["out.csv", "rows.csv"]);
    },
  );

  it("ends quietly where nobody reads on", async () => {
    const folder = folderWith(`text\n${"euros bank\n".repeat(50_000)}`);
    const child = startCli(folder, ["predict", ...PACK, "--file", "rows.csv"]);
    const end = ended(child);
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    await says(child.stdout, "finance");
    child.stdout.destroy();
    expect(await end).toBe(0);
    expect(err).toBe("query_domain: a model answered 50000 rows\n");
    expect(existsSync(join(folder, "out.csv"))).toBe(false);
  });
});

/** Resolves once a half-written file is in a folder. */
async function hasTemporary(folder: string): Promise<void> {
  while (!namesIn(folder).some((name) => name.endsWith(".tmp") && name.includes("out.csv")))
    await new Promise((resolve) => setTimeout(resolve, 5));
}
