import { GROUP_LINES } from '../merges.ts';
import type { Row, Sql } from '../records/database.ts';
import { statementsOf } from '../statements.ts';

const statement = statementsOf(new URL('./', import.meta.url));

/**
 * Some documents of a group that follow each other: from position `from` up to, not including,
 * `to`.
 */
export type GroupStep = { readonly from: number; readonly to: number };

/**
 * Cuts a group into steps: documents none of which shares a user point with another of its step.
 * `commands` is a relation of all commands with their user points.
 */
export async function cutGroup(sql: Sql, commands: string, documents: number): Promise<readonly GroupStep[]> {
  if (documents === 1) return [{ from: 0, to: 1 }];
  return cut(await sql.query(statement('shared-users', { commands })), documents);
}

/** The commands of a step, of those of so many documents. */
export function linesOf(commands: string, { from, to }: GroupStep, documents: number): string {
  if (to - from === documents) return commands;
  return `(select * from ${commands} where line between ${from * GROUP_LINES} and ${to * GROUP_LINES - 1})`;
}

/** `shared` is what `shared-users` gives. */
function cut(shared: readonly Row[], documents: number): readonly GroupStep[] {
  const previous = new Array<number>(documents).fill(-1);
  for (const row of shared) {
    const touching = (row.documents as { items: readonly bigint[] }).items.map(Number).sort((a, b) => a - b);
    for (const [i, document] of touching.entries()) {
      previous[document] = Math.max(previous[document] ?? -1, touching[i - 1] ?? -1);
    }
  }
  const steps: GroupStep[] = [];
  let from = 0;
  for (const [document, before] of previous.entries()) {
    if (before < from) continue;
    steps.push({ from, to: document });
    from = document;
  }
  return [...steps, { from, to: documents }];
}
