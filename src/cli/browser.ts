// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { resolve } from "node:path";

/** How long an opener may take to say that it can't: one that works may stay as long as the browser does. */
const PATIENCE_MS = 1500;

/** The program that opens a file as a person would by a double click, and its arguments. */
function opener(platform: NodeJS.Platform, file: string): [program: string, args: string[]] {
  if (platform === "darwin") return ["open", [file]];
  // `start` is no program but a word of cmd.exe, which would read the file's name as its language.
  if (platform === "win32") return ["rundll32", ["url.dll,FileProtocolHandler", file]];
  return ["xdg-open", [file]];
}

/**
 * Opens a file of this machine in its browser, without a shell and without waiting for it to be closed; null when it
 * does, or what is in the way.
 */
export function openInBrowser(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Promise<string | null> {
  const [program, args] = opener(platform, resolve(file));
  return new Promise((done) => {
    const child = spawn(program, args, { detached: true, stdio: "ignore", env: { ...environment } });
    const timer = setTimeout(() => done(null), PATIENCE_MS);
    const settle = (problem: string | null) => {
      clearTimeout(timer);
      done(problem);
    };
    child.on("error", (error: NodeJS.ErrnoException) =>
      settle(
        error.code === "ENOENT"
          ? `${program} is not there, which opens files in the browser`
          : `${program} does not start (${error.code ?? error.message})`,
      ),
    );
    child.on("exit", (code) =>
      settle(code === 0 ? null : `${program} found no browser (it ended with ${code ?? "a signal"})`),
    );
    child.unref();
  });
}
