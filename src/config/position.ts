// SPDX-License-Identifier: Apache-2.0
import { type AST, parseTOML } from "toml-eslint-parser";
import type { Path } from "./fields.ts";

// The one file that knows toml-eslint-parser. It is slower than the parser that reads the config, so it
// runs only when there is a problem to point at.

/** A stretch of one line; line and column are 1-based, in UTF-16 units. */
interface Span {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

interface Position {
  readonly key: Span;
  readonly value: Span;
}

/** Where each key and value of a document stands. */
export interface Positions {
  at(path: Path): Position | undefined;
}

/** No key of a config is nested deeper; a hostile one of 100,000 steps would cost their square. */
const MAX_STEPS = 16;

/** Locates everything in a document that {@link parseToml} accepted; finds nothing where it can't be read. */
export function locate(source: string): Positions {
  const found = new Map<string, Position>();
  try {
    const program = parseTOML(source, { tomlVersion: "1.1" });
    for (const node of program.body[0].body) {
      if (node.type === "TOMLTable") addTable(found, node);
      else addKeyValue(found, [], node);
    }
  } catch {
    // Two parsers may differ about a document; messages without a line are better than none.
  }
  return { at: (path) => found.get(JSON.stringify(path)) };
}

function span(node: AST.TOMLNode): Span {
  const { start, end } = node.loc;
  const length = start.line === end.line ? end.column - start.column : 1;
  return { line: start.line, column: start.column + 1, length: Math.max(1, length) };
}

// The first mention of a path wins: the header of a table, not the keys below it.
function add(found: Map<string, Position>, path: Path, key: AST.TOMLNode, value: AST.TOMLNode): void {
  const name = JSON.stringify(path);
  if (!found.has(name)) found.set(name, { key: span(key), value: span(value) });
}

function addTable(found: Map<string, Position>, node: AST.TOMLTable): void {
  const path = node.resolvedKey;
  if (path.length > MAX_STEPS) return;
  for (let n = 1; n <= path.length; n++) add(found, path.slice(0, n), node.key, node.key);
  for (const entry of node.body) addKeyValue(found, path, entry);
}

function addKeyValue(found: Map<string, Position>, base: Path, node: AST.TOMLKeyValue): void {
  let path = base;
  const { keys } = node.key;
  if (base.length + keys.length > MAX_STEPS) return;
  for (const [i, key] of keys.entries()) {
    path = [...path, key.type === "TOMLBare" ? key.name : key.value];
    add(found, path, key, i === keys.length - 1 ? node.value : key);
  }
  addContent(found, path, node.value);
}

function addContent(found: Map<string, Position>, path: Path, node: AST.TOMLContentNode): void {
  if (path.length > MAX_STEPS) return;
  if (node.type === "TOMLInlineTable") {
    for (const entry of node.body) addKeyValue(found, path, entry);
  } else if (node.type === "TOMLArray") {
    for (const [i, element] of node.elements.entries()) {
      add(found, [...path, i], element, element);
      addContent(found, [...path, i], element);
    }
  }
}
