import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { passFaultPoint } from '../../fault-points.ts';
import type { RunSource } from './run.ts';
import { runFile, syncFolder } from './run-files.ts';
import { RunWriter } from './run-writer.ts';

/** A run that is durable but for the manifest. */
export type MadeRun = { readonly id: string; readonly bytes: number; readonly records: number } & RunSource;

/**
 * Writes one run: `writer` takes records, `flush` writes to a file what has come together, `finish`
 * or `discard` ends it. A run of at most `inlineBytes` has no file.
 */
export class RunOutput {
  readonly id: string;
  readonly writer: RunWriter;
  readonly #folder: string;
  readonly #inlineBytes: number;
  #file: FileHandle | null = null;
  #isFile = false;
  #bytes = 0;

  /** `mostKeys`: no more records will come. */
  constructor(of: {
    readonly id: string;
    readonly folder: string;
    readonly mostKeys: number;
    readonly inlineBytes: number;
  }) {
    this.id = of.id;
    this.#folder = of.folder;
    this.#inlineBytes = of.inlineBytes;
    this.writer = new RunWriter(of.id, of.mostKeys);
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
