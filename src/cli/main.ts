#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { createReadStream, realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { CommanderError } from "commander";
import { ModelpackError } from "../core/error.ts";
import { storageFailure } from "../storage/failure.ts";
import { coloursOf } from "./colour.ts";
import { type Context, EXIT } from "./context.ts";
import { failureLine } from "./json-output.ts";
import { safeText, shownPath } from "./printable.ts";
import { buildProgram, commandOutlines, type Invocation } from "./program.ts";
import { type TerminalReporter, terminalReporter } from "./reporter.ts";

/** Runs `modelpack` with these arguments; returns the exit code. Never throws, and never exits by itself. */
export async function main(args: readonly string[]): Promise<number> {
  const output = watchOutput();
  const code = await run(args);
  const failure = await output.failure();
  if (failure === null) return code;
  process.stderr.write(`${safeText(renderError(explained(failure)))}\n`);
  return code === EXIT.done ? EXIT.failed : code;
}

async function run(args: readonly string[]): Promise<number> {
  const clock = () => performance.now() / 1000;
  const reporter = terminalReporter(process.stderr, () => performance.now());
  const stop = new AbortController();
  const interrupted = listen(stop);
  const context: Context = {
    reporter,
    signal: stop.signal,
    environment: process.env,
    clock,
    stdin: process.stdin,
    commands: commandOutlines(),
    colours: coloursOf(process.stdout, process.env, asksFor("--no-color", args)),
    printFile: (path) => copyFile(path, reporter),
    print: (text, isSafe = false) => void process.stdout.write(isSafe ? text : safeText(text)),
  };
  const invocation: Invocation = { json: asksFor("--json", args), command: commandIn(args) };
  try {
    const program = buildProgram(context, invocation, () => reporter.close());
    await program.parseAsync([...args], { from: "user" });
    return invocation.exit ?? EXIT.done;
  } catch (error) {
    reporter.close();
    return report(error, context, invocation, interrupted());
  } finally {
    interrupted.stop();
  }
}

/** A file to standard output, as fast as that is read; whoever stops reading ends it. */
async function copyFile(path: string, reporter: TerminalReporter): Promise<void> {
  const { stdout } = process;
  reporter.close();
  const file = createReadStream(path);
  const decoder = new TextDecoder();
  for await (const bytes of file as AsyncIterable<Buffer>) {
    if (stdout.destroyed || stdout.errored !== null) return;
    const isTaken = stdout.write(stdout.isTTY ? safeText(decoder.decode(bytes, { stream: true })) : bytes);
    if (!isTaken) await firstOf(stdout, ["drain", "close", "error"]);
  }
}

/** Resolves with the first of some events; an error is the business of {@link watchOutput}. */
function firstOf(stream: NodeJS.WriteStream, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

/** The command that is asked for, as far as there is one: the first word that is no option. */
function commandIn(args: readonly string[]): string | null {
  const word = args.find((arg) => !arg.startsWith("-"));
  return commandOutlines().find(({ name }) => name === word)?.name ?? null;
}

/** Whether a flag without a value is given, also where the rest of the line is wrong. */
function asksFor(flag: string, args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes(flag);
}

/**
 * Whoever reads our output may stop reading; that ends the output, not the work. An output that can't be
 * written otherwise (a full disk) is a failure, and said; of messages there is nobody left to tell.
 */
function watchOutput(): { failure(): Promise<unknown> } {
  let failure: unknown = null;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") failure ??= storageFailure(error, "write", "standard output");
  });
  process.stderr.on("error", () => undefined);
  return {
    async failure() {
      // A write that fails says so a turn later.
      await new Promise((resolve) => setImmediate(resolve));
      return failure;
    },
  };
}

/** npm passes a terminal's Ctrl-C on to its script, which has had it already: within this, they are one. */
const REPEATED_MS = 300;

/** Turns SIGINT, SIGTERM and SIGHUP into an abort; a second one ends the process at once. */
function listen(stop: AbortController): { (): number | null; stop(): void } {
  let code: number | null = null;
  let first = 0;
  const codes = new Map<NodeJS.Signals, number>([
    ["SIGINT", EXIT.interrupted],
    ["SIGTERM", EXIT.terminated],
    ["SIGHUP", EXIT.terminated],
  ]);
  const handlers = [...codes].map(([name, exit]) => {
    const handler = () => {
      if (code !== null && performance.now() - first < REPEATED_MS) return;
      if (code !== null) process.exit(exit);
      code = exit;
      first = performance.now();
      stop.abort(
        new ModelpackError("INTERRUPTED", `stopped by ${name}; nothing half-written was left`, {
          hint: "run the same command again",
        }),
      );
    };
    process.on(name, handler);
    return { name, handler };
  });
  return Object.assign(() => code, {
    // After a signal the handlers stay: a second one in the last moments must not change the exit code.
    stop: () => {
      if (code !== null) return;
      for (const { name, handler } of handlers) process.off(name, handler);
    },
  });
}

/** Errors are for people, on standard error; with `--json` they are also the one object on standard output. */
function report(error: unknown, context: Context, invocation: Invocation, signalled: number | null): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done;
    // commander has told people on standard error already.
    if (invocation.json) context.print(failureLine(invocation.command, usageError(error)));
    return EXIT.usage;
  }
  const known = explained(error);
  process.stderr.write(`${safeText(renderError(known))}\n`);
  if (invocation.json) context.print(failureLine(invocation.command, known));
  if (signalled !== null) return signalled;
  return known.code === "CONFIG_INVALID" || known.code === "USAGE" ? EXIT.usage : EXIT.failed;
}

function explained(error: unknown): ModelpackError {
  if (error instanceof ModelpackError) return error;
  // What no step gave words of its own: a full disk, say, under a folder for temporary files.
  const { syscall, path } = Object(error) as NodeJS.ErrnoException;
  const failure = path === undefined ? error : storageFailure(error, syscall ?? "use", path);
  if (failure instanceof ModelpackError) return failure;
  return new ModelpackError(
    "INTERNAL",
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    { hint: "this is a bug of modelpack: please report it with the lines above" },
  );
}

function usageError({ code, message }: CommanderError): ModelpackError {
  const what = code === "commander.help" ? "no command was given" : message.replace(/^error: /, "");
  return new ModelpackError("USAGE", what, { hint: "modelpack --help lists the commands and their options" });
}

/** `error: what` with where and what to do next below it; a config's diagnostics come rendered already. */
function renderError({ code, message, where, hint }: ModelpackError): string {
  const isRendered = code === "CONFIG_INVALID" && where === undefined;
  const lines = [isRendered ? message : `error: ${message}`];
  if (where !== undefined) lines.push(`  --> ${shownPath(where)}`);
  if (hint !== undefined) lines.push(`   = hint: ${hint}`);
  return lines.join("\n");
}

const started = process.argv[1];
if (started !== undefined && import.meta.url === pathToFileURL(realpathSync(started)).href)
  process.exitCode = await main(process.argv.slice(2));
