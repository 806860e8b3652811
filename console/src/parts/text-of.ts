/**
 * The text for a code of the service; undefined of one that a newer service has, and this console
 * does not know.
 */
export function textOf(texts: Readonly<Record<string, string>>, code: string): string | undefined {
  return Object.hasOwn(texts, code) ? texts[code] : undefined;
}
