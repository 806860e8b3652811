import { constants, type FileHandle, open } from 'node:fs/promises';
import { endsNextAt, passFaultPoint } from '../fault-points.ts';

/** The error file of an execution: grows with each chunk, and is cut back to the checkpoint when one is done again. */
export interface ErrorFile {
  /** Makes the file `bytes` long, then appends; resolves to its new length when that is durable. */
  appendAt(bytes: number, lines: string): Promise<number>;
  close(): Promise<void>;
}

/** Opens the error file at `path`; it is made when the first line is written. `header` comes before that line. */
export function openErrorFile(path: string, header: string): ErrorFile {
  let file: FileHandle | null = null;

  async function appendAt(bytes: number, lines: string): Promise<number> {
    if (file === null) {
      if (lines === '' && bytes === 0) return 0;
      file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    }
    await file.truncate(bytes);
    if (lines === '') return bytes;
    const content = Buffer.from(bytes === 0 ? header + lines : lines);
    if (endsNextAt('error-file-half-written')) await file.write(content, 0, content.length >> 1, bytes);
    passFaultPoint('error-file-half-written');
    await file.write(content, 0, content.length, bytes);
    await file.datasync();
    passFaultPoint('error-file-written');
    return bytes + content.length;
  }

  return {
    appendAt,
    close: async () => {
      await file?.close();
      file = null;
    },
  };
}
