/** What stands for a value that is put into a text. */
export const VALUE = '§';

/** A text, by where it stands; one that holds values has them as `§` or `1`. */
export type TextSample = { readonly at: string; readonly text: string };

type Texts =
  | string
  | readonly unknown[]
  | ((...values: never[]) => unknown)
  | { readonly [name: string]: unknown };

/**
 * All that the texts of a language can say: those that are functions are called with values of
 * several kinds.
 */
export function samplesOf(texts: object): readonly TextSample[] {
  return Object.entries(texts).flatMap(([name, value]) => samplesAt(name, value as Texts));
}

function samplesAt(at: string, value: Texts): readonly TextSample[] {
  if (typeof value === 'string') return [{ at, text: value }];
  if (typeof value === 'function') return said(value).map((text) => ({ at, text }));
  return Object.entries(value).flatMap(([name, inner]) => samplesAt(`${at}.${name}`, inner as Texts));
}

/** A value with any members, each of which is a value. */
const ANY = new Proxy(new String(VALUE), {
  get: (text, key) => {
    const own: unknown = Reflect.get(text, key);
    if (typeof own === 'function') return own.bind(text);
    return typeof key === 'symbol' ? own : (own ?? VALUE);
  },
});

function said(text: (...values: never[]) => unknown): readonly string[] {
  let calls: readonly unknown[][] = [[]];
  for (let at = 0; at < text.length; at++)
    calls = calls.flatMap((values) => [ANY, '1', '0', 1, null, false].map((value) => [...values, value]));
  const all = calls.flatMap((values) => {
    try {
      return [String(text(...(values as never[])))];
    } catch {
      // not a kind of value that this text takes
      return [];
    }
  });
  return [...new Set(all)];
}
