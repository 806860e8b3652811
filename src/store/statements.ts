import { existsSync, readFileSync } from 'node:fs';

/** Gives a statement by the name of its file, with its `$names` filled in. */
export type Statement = (name: string, values?: Readonly<Record<string, number | bigint | string>>) => string;

/**
 * Statements of some folders, the first that has one counts. Only numbers and names of our own
 * tables are filled in, as literals: DuckDB prunes row groups by literals, which it does not by
 * parameters. Texts travel as parameters, `$1`. A line `$include NAME` stands for another file.
 */
export function statementsOf(...folders: readonly URL[]): Statement {
  const texts = new Map<string, string>();

  function read(name: string): string {
    const known = texts.get(name);
    if (known !== undefined) return known;
    const file = folders.map((folder) => new URL(`${name}.sql`, folder)).find((url) => existsSync(url));
    if (file === undefined) throw new Error(`there is no statement ${name}`);
    const text = readFileSync(file, 'utf8')
      .replaceAll(/^--.*\n/gm, '')
      .replaceAll(/^\$include ([a-z-]+)$/gm, (_, included: string) => read(included).trimEnd());
    texts.set(name, text);
    return text;
  }

  return (name, values = {}) =>
    read(name).replace(/\$([a-z_]+)/g, (_, key: string) => {
      const value = values[key];
      if (value === undefined) throw new Error(`statement ${name}: no value for $${key}`);
      if (typeof value === 'string' && !/^[\w.,*()=\s-]*$/.test(value))
        throw new Error(`statement ${name}: $${key} is no name, relation or condition`);
      return String(value);
    });
}
