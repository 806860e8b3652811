import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { passFaultPoint } from '../../fault-points.ts';
import { mergeRuns } from './merge-runs.ts';
import { Run, type RunSource } from './run.ts';
import { runFile, syncFolder } from './run-files.ts';
import { RowWriter, type RunRows } from './run-rows.ts';
import { RunWriter } from './run-writer.ts';
import type { ServingLimits } from './serving-limits.ts';

/** A run that is durable but for the manifest. */
export type MadeRun = { readonly id: string; readonly bytes: number; readonly records: number } & RunSource;

/**
 * A run in the making: rows, or what `mergeRuns` writes, then `finish`, or `discard`. Small ones
 * stay in memory; others are written to a file as they come. Rows whose keys begin again from below
 * are another part, which is newer; the parts become one run.
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
      else await this.#part.flush();
    }
  }

  /**
   * Writes with what it is given; between the steps, and at the end, what has come together goes to
   * the file.
   */
  async write(
    steps: (writer: RunWriter) => Iterable<void> | void,
    pause?: () => Promise<void>,
  ): Promise<void> {
    await this.#endPart();
    this.#part = this.#newPart();
    for (const _ of steps(this.#part.writer) ?? []) {
      await this.#part.flush();
      await pause?.();
    }
    await this.#part.flush();
  }

  /** Makes the run durable; null when nothing came. */
  async finish(): Promise<MadeRun | null> {
    await this.#endPart();
    if (this.#parts.length > 1) await this.#join();
    return this.#parts[0]?.finish() ?? null;
  }

  /** As `finish`, but that a run without records is one too. */
  async finishEvenEmpty(): Promise<MadeRun> {
    return (await this.finish()) ?? this.#newPart().finish();
  }

  /** Removes what was written of it. */
  async discard(): Promise<void> {
    const parts = this.#part ? [...this.#parts, this.#part] : this.#parts;
    for (const part of parts) await part.discard();
    this.#parts = [];
    this.#part = null;
  }

  #newPart(): Part {
    return new Part(this.#folder, this.mostKeys, this.#inlineBytes);
  }

  async #endPart(): Promise<void> {
    const part = this.#part;
    if (part === null) return;
    this.#part = null;
    part.rows.end();
    if (part.writer.records > 0) this.#parts.push(part);
  }

  async #join(): Promise<void> {
    const parts = this.#parts;
    const runs: Run[] = [];
    const joined = this.#newPart();
    this.#part = joined;
    try {
      for (const part of parts) runs.unshift(Run.open(await part.finish()));
      for (const _ of mergeRuns(runs, joined.writer, null)) await joined.flush();
    } finally {
      for (const run of runs) run.close();
    }
    for (const part of parts) await part.discard();
    this.#parts = [joined];
    this.#part = null;
  }
}

class Part {
  readonly id = randomUUID();
  readonly writer: RunWriter;
  readonly rows: RowWriter;
  readonly #folder: string;
  readonly #inlineBytes: number;
  #file: FileHandle | null = null;
  #isFile = false;
  #bytes = 0;

  constructor(folder: string, mostKeys: number, inlineBytes: number) {
    this.#folder = folder;
    this.#inlineBytes = inlineBytes;
    this.writer = new RunWriter(this.id, mostKeys);
    this.rows = new RowWriter(this.writer);
  }

  /** Writes to the file what is worth it. */
  async flush(): Promise<void> {
    const blocks = this.writer.take();
    if (blocks !== null) await this.#write(blocks);
  }

  async finish(): Promise<MadeRun> {
    const { rest, footer } = this.writer.finish();
    const { id } = this;
    const { records } = footer;
    if (!this.#isFile && rest.length <= this.#inlineBytes)
      return { id, records, bytes: rest.length, content: rest };
    await this.#write(rest);
    await this.#file?.datasync();
    await this.#file?.close();
    this.#file = null;
    await syncFolder(this.#folder);
    passFaultPoint('run-synced');
    return { id, records, bytes: this.#bytes, file: runFile(this.#folder, id) };
  }

  async discard(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    if (this.#isFile) await rm(runFile(this.#folder, this.id), { force: true });
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#file ??= await open(runFile(path.resolve(this.#folder), this.id), 'wx');
    // before the first byte, which may find no room
    this.#isFile = true;
    await this.#file.appendFile(bytes);
    this.#bytes += bytes.length;
    passFaultPoint('run-half-written');
  }
}
