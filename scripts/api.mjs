// SPDX-License-Identifier: Apache-2.0
// Writes docs/api.md from the docstrings of what the doors export, as dist/ declares it. With --check it writes nothing
// and fails where the file is out of date, or where something public has no docstring.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const DOORS = [
  {
    name: "modelpack",
    file: "dist/index.d.ts",
    about:
      "The pipeline: what the commands `check`, `prepare`, `train`, `evaluate`, `status` and `types` are made of.",
  },
  {
    name: "modelpack/runtime",
    file: "dist/runtime/index.d.ts",
    about:
      "Prediction in browsers, workers and at the edge; `modelpack-runtime` is the same by itself. ES module and CommonJS.",
  },
  {
    name: "modelpack/runtime/node",
    file: "dist/runtime/node.d.ts",
    about:
      "Prediction in Node: all of `modelpack/runtime`, and packs from folders; also `modelpack-runtime/node`. ES module and CommonJS.",
  },
];
const KINDS = [
  [ts.isFunctionDeclaration, "Functions"],
  [ts.isClassDeclaration, "Classes"],
  [ts.isVariableDeclaration, "Values"],
  [ts.isInterfaceDeclaration, "Types"],
  [ts.isTypeAliasDeclaration, "Types"],
];

const program = ts.createProgram(
  DOORS.map(({ file }) => path(file)),
  { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, skipLibCheck: true },
);
const checker = program.getTypeChecker();
const undocumented = [];

/** What a file exports, in its order, behind its re-exports. */
function exportsOf(file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(path(file)));
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const titleOf = (declaration) => KINDS.find(([is]) => is(declaration))?.[1] ?? "Types";

/** A docstring's text for Markdown: `{@link x}` as code, paragraphs kept. */
function prose(parts) {
  const text = ts.displayPartsToString(parts);
  return text.replaceAll(/\{@link ([^}]+?)\s*\}/g, "`$1`").trim();
}

function tagLine({ name, text }) {
  const value = prose(text).replaceAll(/\s*\n\s*/g, " ");
  if (name === "param") return `- \`${value.replace(/^(\S+)\s*(?:-\s*)?/, "$1`: ")}`;
  return `- ${name}: ${value}`;
}

/** A type alias as its source has it: the compiler leaves the comments of its parts out of declarations. */
function aliasInSource(declaration) {
  const file = declaration
    .getSourceFile()
    .fileName.replace("/dist/", "/src/")
    .replace(/\.d\.ts$/, ".ts");
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found = source.statements.find(
    (one) => ts.isTypeAliasDeclaration(one) && one.name.text === declaration.name.text,
  );
  return found.getText();
}

/** A declaration as TypeScript, with the comments of its members, without what is private. */
function signature(declaration) {
  if (ts.isTypeAliasDeclaration(declaration)) return aliasInSource(declaration).replace(/^export /, "");
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return node
    .getText()
    .replace(/^export /, "")
    .replace(/^declare /, "")
    .replaceAll(/^ *(#private|private .*);\n/gm, "")
    .replaceAll(/\{@link ([^}]+?)\s*\}/g, "`$1`");
}

function entry(symbol) {
  const [declaration] = symbol.declarations;
  const doc = prose(symbol.getDocumentationComment(checker));
  if (doc === "") undocumented.push(symbol.name);
  const tags = symbol.getJsDocTags(checker).map(tagLine);
  return [
    `#### \`${symbol.name}\``,
    ...(doc === "" ? [] : [doc]),
    ...(tags.length === 0 ? [] : [tags.join("\n")]),
    `\`\`\`typescript\n${signature(declaration)}\n\`\`\``,
  ].join("\n\n");
}

const described = new Map();

function door({ name, file, about }) {
  const groups = new Map();
  const elsewhere = new Map();
  for (const symbol of exportsOf(file)) {
    const first = described.get(symbol);
    if (first !== undefined) elsewhere.set(first, [...(elsewhere.get(first) ?? []), symbol.name]);
    else {
      described.set(symbol, name);
      const title = titleOf(symbol.declarations[0]);
      groups.set(title, [...(groups.get(title) ?? []), entry(symbol)]);
    }
  }
  const parts = ["Functions", "Classes", "Values", "Types"].filter((title) => groups.has(title));
  return [
    `## ${name}`,
    about,
    ...[...elsewhere].map(
      ([other, names]) => `As in \`${other}\`: ${names.map((one) => `\`${one}\``).join(", ")}.`,
    ),
    ...parts.flatMap((title) => [`### ${title} of ${name}`, ...groups.get(title)]),
  ].join("\n\n");
}

const text = `# API

Generated from the docstrings in \`src\` by \`npm run api\`; edit them there. Errors are all \`ModelpackError\`: match on
their \`code\`, never on the message. [runtime.md](runtime.md) shows the runtime at work.

${DOORS.map(door).join("\n\n")}
`;

if (undocumented.length > 0) {
  console.error(`public, and without a docstring: ${undocumented.join(", ")}`);
  process.exitCode = 1;
} else if (!process.argv.includes("--check")) {
  writeFileSync(path("docs/api.md"), text);
} else if (readFileSync(path("docs/api.md"), "utf8") !== text) {
  console.error("docs/api.md is out of date: npm run build && npm run api");
  process.exitCode = 1;
}
