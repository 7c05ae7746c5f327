// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import { hubSettings } from "../../src/data/hub.ts";
import { TOKEN } from "../support/hub.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const options = { cacheDir: "/cache", download: true };

function of(env: Record<string, string>) {
  return hubSettings({ HOME: "/nowhere", ...env }, options);
}

function refusal(env: Record<string, string>): ModelpackError {
  try {
    of(env);
  } catch (error) {
    if (error instanceof ModelpackError) return error;
  }
  throw new Error("nothing was refused");
}

it("is the public Hub, without a token, where the environment says nothing", () => {
  expect(of({})).toMatchObject({
    ...{ endpoint: "https://huggingface.co", token: null, offline: false },
    ...options,
  });
});

it.each([
  ["https://hub.example/", "https://hub.example"],
  [" http://127.0.0.1:8080/mirror// ", "http://127.0.0.1:8080/mirror"],
  ["", "https://huggingface.co"],
])("takes HF_ENDPOINT %j", (value, endpoint) => {
  expect(of({ HF_ENDPOINT: value }).endpoint).toBe(endpoint);
});

it.each(["hub.example", "ftp://hub.example", "https://me:secret@hub.example", "https://"])(
  "refuses HF_ENDPOINT %j, and does not repeat it",
  (value) => {
    const error = refusal({ HF_ENDPOINT: value });
    expect(error).toMatchObject({ code: "CONFIG_INVALID", where: "environment HF_ENDPOINT" });
    expect(error.message).not.toContain("secret");
  },
);

it.each([
  ...["1", "true", "YES", "On", " 1 "].map((value) => [value, true] as const),
  ...["0", "false", "", "no", "2"].map((value) => [value, false] as const),
])("takes HF_HUB_OFFLINE %j", (value, offline) => {
  expect(of({ HF_HUB_OFFLINE: value }).offline).toBe(offline);
});

describe("the token", () => {
  it("is HF_TOKEN, else that of HF_TOKEN_PATH, of HF_HOME, of the cache folder, of the home folder", () => {
    const folder = temporaryFolder();
    const put = (path: string, text: string): string => {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
      return join(folder, path);
    };
    const HF_TOKEN_PATH = put("path", "hf_path\n");
    put("home/token", " hf_home \r\n");
    put("cache/huggingface/token", "hf_cache");
    put(".cache/huggingface/token", "hf_user");
    const [HF_HOME, XDG_CACHE_HOME, HOME] = [join(folder, "home"), join(folder, "cache"), folder];
    expect(of({ HF_TOKEN: ` ${TOKEN}\n`, HF_TOKEN_PATH, HF_HOME, HOME }).token).toBe(TOKEN);
    expect(of({ HF_TOKEN: " ", HF_TOKEN_PATH, HF_HOME, HOME }).token).toBe("hf_path");
    expect(of({ HF_HOME, XDG_CACHE_HOME, HOME }).token).toBe("hf_home");
    expect(of({ XDG_CACHE_HOME, HOME }).token).toBe("hf_cache");
    expect(of({ HOME }).token).toBe("hf_user");
    expect(of({ HF_TOKEN_PATH: put("empty", "\n") }).token).toBe(null);
  });

  it.each(["hf_a\nhf_b", "hf_ä", "hf a", `hf_${"a".repeat(5000)}`])(
    "is refused where it can't be one",
    (HF_TOKEN) => {
      const error = refusal({ HF_TOKEN });
      expect(error).toMatchObject({ code: "CONFIG_INVALID", where: "environment HF_TOKEN" });
      expect(`${error.message} ${error.hint}`).not.toContain("hf_a");
    },
  );

  it("is looked for where HF_TOKEN_PATH says", () => {
    expect(refusal({ HF_TOKEN_PATH: temporaryFolder() }).code).toBe("STORAGE");
    expect(of({ HF_TOKEN_PATH: "/nowhere/token" }).token).toBe(null);
  });
});
