// SPDX-License-Identifier: Apache-2.0
import { beforeAll, describe, expect, it } from "vitest";
import { type FreshProject, freshProject, printAnswers } from "../support/fresh-project.ts";
import { NODE_VERSIONS, nodeBinary } from "../support/node-binary.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const home = sharedFolder();
let project: FreshProject;
let expected: string;

beforeAll(() => {
  project = freshProject(home);
  expected = project.node(["-e", printAnswers("import", "modelpack-runtime/node")]).stdout;
  expect(JSON.parse(expected)).toMatchObject({ errors: [] });
});

describe.each(NODE_VERSIONS)("under Node %s", (version) => {
  const binary = nodeBinary(version);
  const itHere = it.skipIf(binary === null && process.env.CI !== "true");

  for (const door of ["modelpack-runtime/node", "modelpack/runtime/node"])
    for (const kind of ["import", "require"] as const)
      itHere(`${door} answers the same by ${kind}, and Node warns of nothing`, () => {
        expect(binary, `npx -p node@${version} node`).not.toBeNull();
        for (const flags of [[], ["--disallow-code-generation-from-strings"]]) {
          const { stdout, stderr } = project.node([...flags, "-e", printAnswers(kind, door)], binary ?? "");
          expect(stderr).toBe("");
          expect(stdout === expected).toBe(true);
        }
      });
});
