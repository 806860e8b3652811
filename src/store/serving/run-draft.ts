import { randomUUID } from 'node:crypto';
import { mergeRuns } from './merge-runs.ts';
import { Run } from './run.ts';
import { type MadeRun, RunOutput } from './run-output.ts';
import { RowWriter, type RunRows } from './run-rows.ts';
import type { RunWriter } from './run-writer.ts';
import type { ServingLimits } from './serving-limits.ts';

/** Rows that come in the order of their keys. */
type Part = { readonly output: RunOutput; readonly rows: RowWriter };

/**
 * A run in the making: rows or records, then `finish`, or `discard`. Small ones stay in memory;
 * others are written to a file as they come. Rows whose keys begin again from below are another
 * part, which is newer; the parts become one run.
 */
export class RunDraft {
  readonly #folder: string;
  readonly #inlineBytes: number;
  /** Of a part that begins, no more keys will come. */
  mostKeys = 1000;
  #parts: Part[] = [];
  #part: Part | null = null;

  constructor(folder: string, { inlineBytes }: Pick<ServingLimits, 'inlineBytes'>) {
    this.#folder = folder;
    this.#inlineBytes = inlineBytes;
  }

  /**
   * The rows of one statement have come: those of the next are newer where they are of the same
   * keys.
   */
  endRows(): void {
    this.#part?.rows.end();
  }

  async addRows(rows: RunRows): Promise<void> {
    let from = 0;
    while (from < rows.count) {
      this.#part ??= this.#newPart();
      from = this.#part.rows.add(rows, from);
      if (from < rows.count) await this.#endPart();
      else await this.#part.output.flush();
    }
  }

  /** Writes records that are newer than all before. */
  async write(records: (writer: RunWriter) => void): Promise<void> {
    await this.#endPart();
    this.#part = this.#newPart();
    records(this.#part.output.writer);
    await this.#part.output.flush();
  }

  /** Makes the run durable; null when nothing came. */
  async finish(): Promise<MadeRun | null> {
    await this.#endPart();
    if (this.#parts.length > 1) await this.#join();
    return this.#parts[0]?.output.finish() ?? null;
  }

  /** As `finish`, but that a run without records is one too. */
  async finishEvenEmpty(): Promise<MadeRun> {
    return (await this.finish()) ?? this.#newPart().output.finish();
  }

  /** Removes what was written of it. */
  async discard(): Promise<void> {
    const parts = this.#part ? [...this.#parts, this.#part] : this.#parts;
    for (const { output } of parts) await output.discard();
    this.#parts = [];
    this.#part = null;
  }

  #newPart(): Part {
    const [folder, inlineBytes] = [this.#folder, this.#inlineBytes];
    const output = new RunOutput({ id: randomUUID(), folder, mostKeys: this.mostKeys, inlineBytes });
    return { output, rows: new RowWriter(output.writer) };
  }

  async #endPart(): Promise<void> {
    const part = this.#part;
    if (part === null) return;
    this.#part = null;
    part.rows.end();
    if (part.output.writer.records > 0) this.#parts.push(part);
  }

  async #join(): Promise<void> {
    const parts = this.#parts;
    const runs: Run[] = [];
    const joined = this.#newPart();
    this.#part = joined;
    try {
      for (const { output } of parts) runs.unshift(Run.open(await output.finish()));
      for (const _ of mergeRuns(runs, joined.output.writer, null)) await joined.output.flush();
    } finally {
      for (const run of runs) run.close();
    }
    for (const { output } of parts) await output.discard();
    this.#parts = [joined];
    this.#part = null;
  }
}
