// SPDX-License-Identifier: Apache-2.0

/** A key below this length is a placeholder such as `ollama` or `EMPTY`; hiding it would garble messages. */
const MIN_LENGTH = 8;

/** A function that takes secrets out of a text: in clear, in base64 wherever it may begin, and as in a URL. */
export function hider(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.filter((secret) => secret.length >= MIN_LENGTH).flatMap(formsOf);
  // The longest first: one form may be a part of another.
  const ordered = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((rest, form) => rest.replaceAll(form, "[hidden]"), text);
}

function formsOf(secret: string): string[] {
  const encoded = [0, 1, 2].map((before) => base64Core(secret, before));
  const urls = encoded.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"));
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...encoded, ...urls];
}

/** The characters of base64 that depend on the secret alone, when so many bytes come before it. */
function base64Core(secret: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const from = Math.ceil((before * 8) / 6);
  const to = Math.floor((bytes.length * 8) / 6);
  return bytes.toString("base64").slice(from, to);
}
