/** Builds dist/; the compiler's messages, or null when all is well. */
export function build(): string | null;
