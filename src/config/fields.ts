// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

// The one file that knows zod. The schema is written in the few words below, each with the sentence that
// editors and docs/config.md show.

/** A field or section of the schema; `Value<typeof field>` is what it parses to. */
export type Field<T = unknown> = z.ZodType<T>;
export type Value<F> = F extends z.ZodType<infer T> ? T : never;
type Shape = Readonly<Record<string, z.ZodType>>;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole number in [min, max]. */
export function integer(doc: string, { min, max }: Range) {
  return z.int().min(min).max(max).describe(doc);
}

/** A number in [min, max]; `above` excludes the lower end. */
export function number(doc: string, { min, max, above = false }: Range & { readonly above?: boolean }) {
  return (above ? z.number().gt(min) : z.number().min(min)).max(max).describe(doc);
}

/** Text of at least one character, of the given form. */
export function text(doc: string, pattern?: RegExp) {
  return (pattern === undefined ? z.string().min(1) : z.string().regex(pattern)).describe(doc);
}

/** Text that may be empty. */
export function freeText(doc: string) {
  return z.string().describe(doc);
}

/** One of a few words. */
export function choice<const T extends readonly string[]>(doc: string, words: T) {
  return z.enum(words).describe(doc);
}

/** true or false. */
export function flag(doc: string) {
  return z.boolean().describe(doc);
}

/** An array of items; `min` of them at least. */
export function list<F extends z.ZodType>(doc: string, item: F, min = 0) {
  return z.array(item).min(min).describe(doc);
}

/** One form or another. */
export function either<A extends z.ZodType, B extends z.ZodType>(doc: string, a: A, b: B) {
  return z.union([a, b]).describe(doc);
}

/** A table with a fixed set of keys; any other key is an error. */
export function section<S extends Shape>(doc: string, shape: S) {
  return z.strictObject(shape).describe(doc);
}

/** A section that may be left out: each of its keys has a default. */
export function optionalSection<S extends Shape>(doc: string, shape: S) {
  return z
    .strictObject(shape)
    .prefault({} as never)
    .describe(doc);
}

/** The same keys, each of them optional and without its default. */
export function partial<S extends Shape>(doc: string, shape: S, keys: readonly (keyof S & string)[]) {
  const fields = keys.map((key) => {
    const field = shape[key];
    const bare = field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field;
    if (bare === undefined) throw new RangeError(`no field ${key}`);
    return [key, bare.describe(field?.description ?? "").optional()] as const;
  });
  return z.strictObject(Object.fromEntries(fields)).describe(doc) as z.ZodType<{
    readonly [K in keyof S]?: z.output<S[K]> | undefined;
  }>;
}

/** The value where the key is left out. */
export function withDefault<F extends z.ZodType>(field: F, value: z.input<F> & z.output<F>) {
  return field.default(value as never).describe(field.description ?? "");
}

/** A table that is empty where the key is left out. */
export function emptyByDefault<F extends z.ZodType>(field: F) {
  return field.prefault({} as never).describe(field.description ?? "");
}

/** A key that may be left out and has no default. */
export function optional<F extends z.ZodType>(field: F) {
  return field.optional().describe(field.description ?? "");
}

// A TOML table with keys of the user's. It becomes a Map before zod sees it, since zod drops `__proto__`
// from records; sorted, because integer-like keys of an object lose their order anyway, and so that
// two orders of one table give the same digest.
function entries(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date)
    return value;
  const table = value as Readonly<Record<string, unknown>>;
  return new Map(
    Object.keys(table)
      .sort()
      .map((key) => [key, table[key]]),
  );
}

/** A table from any key (of the given form) to a value; parses to a Map in the order of its keys. */
export function table<F extends z.ZodType>(doc: string, field: F, keys?: RegExp) {
  const form = keys ?? /./s;
  const json = z.toJSONSchema(field, { io: "input", target: "draft-7" });
  const { $schema: _, ...additionalProperties } = json;
  const propertyNames = keys === undefined ? { minLength: 1 } : { pattern: keys.source };
  return z
    .preprocess(entries, z.map(z.string(), field))
    .superRefine((map, context) => {
      const wrong = [...map.keys()].filter((key) => !form.test(key));
      if (wrong.length === 0) return;
      context.issues.push({ code: "unrecognized_keys", keys: wrong, input: map, path: [] } as never);
    })
    .meta({ type: "object", propertyNames, additionalProperties, description: doc });
}

/** A table that is laid over another, key by key; an empty list takes its key out. */
export function layeredTable<T>(
  doc: string,
  field: z.ZodType<readonly T[]>,
  under: ReadonlyMap<string, readonly T[]>,
  keys?: RegExp,
) {
  const own = table(doc, field, keys);
  return own
    .transform((over): ReadonlyMap<string, readonly T[]> => {
      const names = [...new Set([...under.keys(), ...over.keys()])].sort();
      const all = names.map((name) => [name, over.get(name) ?? under.get(name) ?? []] as const);
      return new Map(all.filter(([, values]) => values.length > 0));
    })
    .prefault(Object.fromEntries(under) as never)
    .meta(own.meta() ?? {});
}

/** The fields of a section that may be left out; undefined for any other field. */
export function fieldsOf(field: Field): Readonly<Record<string, Field>> | undefined {
  const inner = field instanceof z.ZodPrefault ? field.def.innerType : undefined;
  return inner instanceof z.ZodObject ? (inner.shape as Readonly<Record<string, Field>>) : undefined;
}

/** A table whose keys say by their form which fields their value has; other keys are errors. */
export function tableByPrefix<T>(doc: string, forms: Readonly<Record<string, z.ZodType<T>>>) {
  const patternProperties = Object.fromEntries(
    Object.entries(forms).map(([prefix, form]) => {
      const { $schema: _, ...json } = z.toJSONSchema(form, { io: "input", target: "draft-7" });
      return [`^${prefix}[^.]`, json];
    }),
  );
  const json = { type: "object", patternProperties, additionalProperties: false, description: doc } as const;
  return z
    .preprocess(entries, z.map(z.string(), z.unknown()))
    .transform((parts, context) => {
      const parsed = new Map<string, T>();
      for (const [key, part] of parts) {
        const prefix = Object.keys(forms).find((form) => key.startsWith(form) && key.length > form.length);
        const form = prefix === undefined ? undefined : forms[prefix];
        const result = form?.safeParse(part);
        if (result === undefined) {
          context.issues.push({ code: "unrecognized_keys", keys: [key], input: part, path: [] } as never);
        } else if (result.success) {
          parsed.set(key, result.data);
        } else {
          for (const issue of result.error.issues) {
            context.issues.push({ ...issue, path: [key, ...issue.path], input: part } as never);
          }
        }
      }
      return parsed as ReadonlyMap<string, T>;
    })
    .meta(json);
}

/** A step into the config: a key, or the index of an array's element. */
export type Path = readonly (string | number)[];

/** What a value broke, without words: they are issue.ts's. */
export interface Issue {
  readonly path: Path;
  /** Unknown keys of the table at `path`; empty for a wrong value. */
  readonly unknownKeys: readonly string[];
  /** For a value that fits none of several forms: what each form says. */
  readonly forms: readonly (readonly Issue[])[];
}

type ZodIssue = z.core.$ZodIssue;

function issueOf(issue: ZodIssue, base: Path): Issue {
  const path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
  return {
    path,
    unknownKeys: issue.code === "unrecognized_keys" ? issue.keys : [],
    forms:
      issue.code === "invalid_union"
        ? issue.errors.map((form) => form.map((part) => issueOf(part, path)))
        : [],
  };
}

export type Checked<T> =
  | { readonly success: true; readonly value: T }
  | { readonly success: false; readonly issues: readonly Issue[] };

/** Holds a value against a field; says everything that is wrong with it. */
export function check<T>(field: Field<T>, value: unknown): Checked<T> {
  const result = field.safeParse(value);
  if (result.success) return { success: true, value: result.data };
  return { success: false, issues: result.error.issues.map((issue) => issueOf(issue, [])) };
}

/** JSON Schema (draft 7, which editors of TOML know) of what may be written in the file. */
export function jsonSchemaOf(field: Field): Record<string, unknown> {
  return z.toJSONSchema(field, { io: "input", target: "draft-7", unrepresentable: "any" }) as Record<
    string,
    unknown
  >;
}
