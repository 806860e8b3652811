import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';

/**
 * What Citus does not push down to the shards, or not at all, by its documentation. The tables of
 * the coordinator are all others than these.
 */
const DISTRIBUTED =
  /\b(user_point|membership|membership_change|(staged_key|staged_membership)_(\d+|\$slot))\b/;
const REFERENCE = /\b(segment|removed_segment|attached_identifier)\b/;

const RULES: readonly { readonly name: string; readonly breaks: (statement: Named) => boolean }[] = [
  {
    name: 'a set operation of a distributed and a reference table brings the whole table to the coordinator',
    breaks: ({ text, isDistributed, isReference }) =>
      /\b(union|intersect|except)\b/.test(text) && isDistributed && isReference && !isOfFewUsers(text),
  },
  {
    name: 'a distributed table is not joined with one of the coordinator',
    breaks: ({ isDistributed, isLocal }) => isDistributed && isLocal,
  },
  {
    name: 'rows of several shards cannot be locked',
    breaks: ({ text, isDistributed }) => isDistributed && /\bfor (no key )?(update|share)\b/.test(text),
  },
  {
    name: 'a sequence of the coordinator keeps an insert … select from the shards',
    breaks: ({ text, isDistributed }) => isDistributed && /\bnextval\b/.test(text) && /\bselect\b/.test(text),
  },
  {
    name: 'not supported on distributed tables',
    breaks: ({ text, isDistributed }) =>
      isDistributed &&
      /\b(with recursive|grouping sets|rollup|cube|tablesample|full join|over \()/.test(text),
  },
];

type Named = {
  readonly text: string;
  readonly isDistributed: boolean;
  readonly isReference: boolean;
  readonly isLocal: boolean;
};

/**
 * Whether the distributed table is asked for user points that stand in the statement: a few rows,
 * of few shards.
 */
function isOfFewUsers(text: string): boolean {
  return /\b(user_point_id|identifier_key) (= ('|\$)|in \(')/.test(text);
}

const statements = new Set<string>();

/** Has the statements noted that stand in files, whether a test sends them or not. */
export function noteFiles(folder: URL): void {
  for (const file of readdirSync(folder))
    if (file !== 'distribute.sql') statements.add(readFileSync(new URL(file, folder), 'utf8'));
}

/** Has every statement noted that this process sends to PostgreSQL from here on. */
export function noteStatements(): void {
  const { query } = Client.prototype;
  Client.prototype.query = function (this: Client, ...args: unknown[]) {
    const [first] = args as [string | { text?: string } | undefined];
    const text = typeof first === 'string' ? first : first?.text;
    if (text !== undefined) statements.add(text);
    return (query as (...of: unknown[]) => unknown).apply(this, args);
  } as typeof query;
}

/**
 * The statements noted so far that Citus does not do where the rows are, each with why. `tables`:
 * all there are.
 */
export function notPushedDown(tables: readonly string[]): readonly string[] {
  const locals = tables.filter((table) => !DISTRIBUTED.test(table) && !REFERENCE.test(table));
  const local = new RegExp(`\\b(${locals.join('|')})\\b`);
  return [...statements].flatMap((whole) =>
    partsOf(whole.replaceAll(/--.*$/gm, '')).flatMap((text) => {
      const bare = text.replaceAll(/'(?:[^']|'')*'/g, "''");
      const named: Named = {
        text: bare,
        isDistributed: DISTRIBUTED.test(bare),
        isReference: REFERENCE.test(bare),
        // what is selected from the shards may go into a table of the coordinator
        isLocal: local.test(bare.replace(/^\s*insert into \w+/, '')),
      };
      return RULES.filter(({ breaks }) => breaks(named)).map(({ name }) => `${name}:\n${text}`);
    }),
  );
}

/**
 * Transactions whose settings do not reach the workers: they come before the one that says that
 * they should.
 */
export function settingsOfTransactions(): { readonly begun: number; readonly keptBack: readonly string[] } {
  const keptBack = [...statements].filter((text) => {
    const begins = /^begin\b/.test(text);
    const first = /set local ([\w.]+)/.exec(text)?.[1];
    const comesFirst = first === 'citus.propagate_set_commands';
    return begins ? !comesFirst : comesFirst;
  });
  return { begun: [...statements].filter((text) => /^begin\b/.test(text)).length, keptBack };
}

/** The statements of a text; what is materialized is planned by itself, and is one of its own. */
function partsOf(text: string): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const found = /\bas materialized \(/.exec(rest);
    if (found === null) return [...parts.flatMap(partsOf), ...rest.split(';')];
    const from = found.index + found[0].length;
    const to = closingOf(rest, from);
    parts.push(rest.slice(from, to));
    rest = `${rest.slice(0, found.index)}as (…)${rest.slice(to + 1)}`;
  }
}

function closingOf(text: string, from: number): number {
  let depth = 1;
  let isQuoted = false;
  for (let i = from; i < text.length; i++) {
    const sign = text[i];
    if (sign === "'") isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (sign === '(') depth++;
    if (sign === ')' && --depth === 0) return i;
  }
  return text.length;
}
