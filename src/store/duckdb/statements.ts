import { readFileSync } from 'node:fs';

const texts = new Map<string, string>();

/**
 * A statement of `sql/`, with its `$names` filled in. Only numbers and names of our own tables are filled in, as literals:
 * DuckDB prunes row groups by literals, which it does not by parameters. Texts travel as parameters, `$1`.
 */
export function statement(
  name: string,
  values: Readonly<Record<string, number | bigint | string>> = {},
): string {
  return read(name).replace(/\$([a-z_]+)/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`statement ${name}: no value for $${key}`);
    if (typeof value === 'string' && !/^[\w.,*()=\s]*$/.test(value))
      throw new Error(`statement ${name}: $${key} is no name, relation or condition`);
    return String(value);
  });
}

function read(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8').replaceAll(/^--.*\n/gm, '');
    texts.set(name, text);
  }
  return text;
}
