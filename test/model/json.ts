/** JSON as it is written: a number keeps its text, an object its order and its duplicate keys. */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;
export type JsonNumber = { readonly type: 'number'; readonly text: string };
export type JsonObject = { readonly type: 'object'; readonly members: readonly JsonMember[] };
export type JsonMember = readonly [key: string, value: Json];

export function number(text: string | number): JsonNumber {
  return { type: 'number', text: String(text) };
}

export function object(...members: readonly JsonMember[]): JsonObject {
  return { type: 'object', members };
}

export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** What stands between two tokens: after `{ [ ,` and before `} ]`, by depth; and after `:`. */
export type Layout = { readonly line: (depth: number) => string; readonly afterColon: string };

export const COMPACT: Layout = { line: () => '', afterColon: '' };

/** JSON text of a value. Strings are escaped as `JSON.stringify` does it. */
export function writeJson(value: Json, layout: Layout = COMPACT, depth = 0): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (!isArray(value) && value.type === 'number') return value.text;
  const items = isArray(value)
    ? value.map((item) => writeJson(item, layout, depth + 1))
    : value.members.map(
        ([key, member]) =>
          `${JSON.stringify(key)}:${layout.afterColon}${writeJson(member, layout, depth + 1)}`,
      );
  const [open, close] = isArray(value) ? '[]' : '{}';
  if (items.length === 0) return `${open}${close}`;
  const inner = layout.line(depth + 1);
  return `${open}${inner}${items.join(`,${inner}`)}${layout.line(depth)}${close}`;
}

/** Whether arrays and objects are nested deeper than `most`: `{}` is 1 deep. */
export function isDeeperThan(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most === 0 || Object.values(value).some((inner) => isDeeperThan(inner, most - 1));
}
