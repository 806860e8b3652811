import { literal, type Sql } from '../records/database.ts';
import { cutGroup, type GroupStep, linesOf } from '../staging/cut-group.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { changedMemberships } from '../staging/effect-counts.ts';
import type { MergeEngine, MergeSource, MergeTransaction, PreparedMerge } from '../staging/merge-engine.ts';
import { summarizeChangeRanges } from './citus.ts';
import { prepareCommands } from './fold-staged.ts';
import { applyEffects, findEffects, findReverted, stageKeys } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import type { Scratch } from './scratch.ts';
import { sizesAt } from './segment-tally.ts';
import { clearSlot, OF_PAIRS, scratchStatement, takeSlot, takeSlotAhead } from './staged-pairs.ts';

type Engine = { readonly db: PostgresDatabase; readonly scratch: Scratch };

/**
 * The merges of the store on PostgreSQL. A source is folded in the DuckDB of this node before its
 * turn. AHEAD: the transaction of the merge is begun as well, and has the keys in its slot while
 * the one before is under way. Each of its statements sees what was committed before it, so those
 * that come in its turn see what that one has done.
 */
export function mergeEngine(engine: Engine): MergeEngine {
  return {
    prepare: async (source, when) => {
      const { sql, close } = await engine.scratch.connect();
      try {
        const local = await foldFirst(engine, sql, source);
        return preparedMerge(engine, { source, local, when, close });
      } catch (error) {
        close();
        throw error;
      }
    },
    withLocal: engine.scratch.use,
    sizesAt: (segmentIds, now) => engine.db.read((sql) => sizesAt(sql, segmentIds, now)),
  };
}

/** A source on a connection to the DuckDB of this node. */
type Local = {
  readonly sql: DuckDbSql;
  /** A relation of its commands with their user points. */
  readonly commands: string;
  readonly steps: readonly GroupStep[];
  /** Commands that may not bring an erased user back. */
  readonly leftOut: number;
  /** The step whose pairs are in `chunk_pair`. */
  folded: GroupStep | undefined;
};

/** Folds the first step of a source, nearly always the only one. */
async function foldFirst({ db, scratch }: Engine, sql: DuckDbSql, source: MergeSource): Promise<Local> {
  const whole = { sql, commands: '', steps: [{ from: 0, to: 1 }], leftOut: 0, folded: undefined };
  if (source.type === 'CHANGES') return whole;
  if (source.table === null) return { ...whole, steps: [] };
  const { datamartId, startDate, documents, executionIds } = source;
  const { commands, leftOut } = await prepareCommands(db, scratch, sql, {
    staged: `staging.main.${source.table}`,
    datamartId,
    // several documents are not merged together where one has to leave out somebody
    executionIds: documents === 1 ? executionIds : [],
  });
  const steps = await cutGroup(sql, commands, documents);
  const [first] = steps;
  if (first !== undefined) await foldPairs(sql, linesOf(commands, first, documents), startDate);
  return { sql, commands, steps, leftOut, folded: first };
}

/** Makes `chunk_pair` of commands with their user points. */
export async function foldPairs(sql: Sql, commands: string, startDate: number): Promise<void> {
  await sql.query(scratchStatement('fold-pairs', { commands, start_date: Math.trunc(startDate) }));
}

/** From so many changes on their ranges are worth while being summarized at once. */
const ROWS_TO_SUMMARIZE = 50_000;

function preparedMerge(
  engine: Engine,
  of: {
    readonly source: MergeSource;
    readonly local: Local;
    readonly when: 'AHEAD' | 'IN_TURN';
    readonly close: () => void;
  },
): PreparedMerge {
  const { source, local } = of;
  const { db } = engine;
  let ahead =
    of.when === 'AHEAD' && local.steps.length === 1 ? db.mergeAhead((sql) => stageAhead(sql, local)) : null;
  return {
    merge: async ({ purpose, holds }, work) => {
      let changed = 0;
      const transact = async (sql: PostgresSql, filled: number | null) => {
        changed = 0;
        await hold(sql, source.executionIds, holds);
        const onApplied = (rows: number) => (changed += rows);
        return work(transactionOf(engine, { sql, filled, onApplied }, of));
      };
      const begun = ahead;
      ahead = null;
      const result = await (begun === null
        ? db.merge(source.datamartId, (sql) => transact(sql, null), purpose)
        : begun.run(source.datamartId, transact));
      if (purpose === 'APPLY' && changed >= ROWS_TO_SUMMARIZE) summarizeChanges(db);
      return result;
    },
    // the lock is of no datamart: nothing is written, so that no merge has to wait for it
    look: (_, work) =>
      db.merge(
        '0',
        (sql) => work(transactionOf(engine, { sql, filled: null, onApplied: null }, of)),
        'COUNT',
      ),
    close: async () => {
      await ahead?.abandon();
      of.close();
    },
  };
}

/**
 * Copies keys into a slot before the turn of their merge; null where no slot is to be had without
 * waiting.
 */
async function stageAhead(sql: PostgresSql, local: Local): Promise<number | null> {
  const slot = await takeSlotAhead(sql);
  if (slot !== null) await stageKeys({ sql, local: local.sql, slot });
  return slot;
}

/**
 * Has what the change log got lately found by ranges of pages: until then each who asks for a step
 * reads all of it. Autovacuum does it as well, some time later, and where the role of this node may
 * not.
 */
function summarizeChanges(db: PostgresDatabase): void {
  db.apart(summarizeChangeRanges).catch(() => undefined);
}

/**
 * Locks rows of executions, first of all: of two workers that take one for theirs the second sees
 * what the first has done. Their leases are renewed meanwhile, but where they end: then nobody
 * cancels, renews or takes them.
 */
export async function hold(
  sql: Sql,
  executionIds: readonly string[],
  rows: 'CHECKPOINTS' | 'EXECUTIONS',
): Promise<void> {
  if (executionIds.length === 0) return;
  const [table, id] = rows === 'EXECUTIONS' ? ['execution', 'id'] : ['execution_checkpoint', 'execution_id'];
  const ids = executionIds.map(literal).join(', ');
  await sql.query(`select 1 from ${table} where ${id} in (${ids}) order by ${id} for update`);
}

function transactionOf(
  { scratch }: Engine,
  {
    sql,
    filled,
    onApplied,
  }: {
    readonly sql: PostgresSql;
    /** A slot that has the keys of the first step. */
    readonly filled: number | null;
    /** Null where nothing is applied. */
    readonly onApplied: ((changes: number) => void) | null;
  },
  { source, local }: { readonly source: MergeSource; readonly local: Local },
): MergeTransaction {
  let slot = filled;
  let isStaged = filled !== null;

  async function findStep(step: GroupStep, { startDate, documents }: CommandSource): Promise<void> {
    if (local.folded !== step) {
      await foldPairs(local.sql, linesOf(local.commands, step, documents), startDate);
      local.folded = step;
    }
    if (slot === null) slot = await takeSlot(sql, onApplied === null ? ['staged_key'] : OF_PAIRS);
    else if (!isStaged) await clearSlot(sql, slot);
    const merge = { sql, local: local.sql, scratch, slot };
    if (!isStaged) await stageKeys(merge);
    isStaged = false;
    await findEffects(merge, { startDate });
  }

  return {
    records: sql,
    local: local.sql,
    cut: async () => local,
    findEffects: async (step) => {
      if (source.type === 'COMMANDS') return findStep(step, source);
      slot = await takeSlot(sql, ['staged_membership']);
      await findReverted({ sql, local: local.sql, scratch }, source);
    },
    applyEffects: async (counts) => {
      if (slot === null || onApplied === null)
        throw new Error('what is applied was found, and not only looked at');
      const after = source.type === 'COMMANDS' ? 'after-commands' : 'after-revert';
      await applyEffects({ sql, local: local.sql, scratch, slot }, { ...source, counts, after });
      onApplied(changedMemberships(counts));
    },
  };
}

type CommandSource = MergeSource & { readonly type: 'COMMANDS' };
