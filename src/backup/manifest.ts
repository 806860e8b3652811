import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { BackupError } from './failures.ts';

/** A file of a backup as it was read: the same bytes must be there when it is restored. */
export type Measured = { readonly path: string; readonly bytes: number; readonly sha256: string };

/** The last line of a manifest: what was counted, and the SHA-256 of the lines before it. */
export type ManifestEnd = { readonly files: number; readonly bytes: number; readonly lines_sha256: string };

/** Puts a manifest together, a line for each file, without holding them. */
export interface ManifestLines {
  /** The line of the next file. */
  add(file: Measured): string;
  end(): ManifestEnd;
}

export function manifestLines(): ManifestLines {
  const hash = createHash('sha256');
  let files = 0;
  let bytes = 0;
  return {
    add: (file) => {
      const line = `${JSON.stringify({ path: file.path, bytes: file.bytes, sha256: file.sha256 })}\n`;
      hash.update(line);
      files += 1;
      bytes += file.bytes;
      return line;
    },
    end: () => ({ files, bytes, lines_sha256: hash.copy().digest('hex') }),
  };
}

/**
 * Visits the files that a manifest names, in their order. The manifest itself is only known to be
 * whole when this resolves, to its end.
 */
export async function readManifest(
  file: string,
  visit: (measured: Measured) => Promise<void>,
): Promise<ManifestEnd> {
  const again = manifestLines();
  let end: ManifestEnd | null = null;
  const input = createReadStream(file, { encoding: 'utf8' });
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (end !== null) throw new BackupError('the manifest goes on after its end');
      const read = parseLine(line);
      if ('path' in read) {
        again.add(read);
        await visit(read);
      } else end = read;
    }
  } finally {
    input.destroy();
  }
  if (end === null) throw new BackupError('the manifest has no end: the backup was cut off');
  if (!isSameEnd(end, again.end()))
    throw new BackupError('the manifest is damaged: its lines are not those it ended with');
  return end;
}

export function isSameEnd(one: ManifestEnd, other: ManifestEnd): boolean {
  return one.files === other.files && one.bytes === other.bytes && one.lines_sha256 === other.lines_sha256;
}

function parseLine(line: string): Measured | ManifestEnd {
  try {
    const read = JSON.parse(line) as Partial<Measured & ManifestEnd>;
    const { path, bytes, sha256, files, lines_sha256 } = read;
    if (typeof bytes === 'number') {
      if (typeof path === 'string' && typeof sha256 === 'string') return { path, bytes, sha256 };
      if (typeof files === 'number' && typeof lines_sha256 === 'string')
        return { files, bytes, lines_sha256 };
    }
  } catch (error) {
    throw new BackupError('the manifest is damaged: one of its lines is not JSON', { cause: error });
  }
  throw new BackupError('the manifest is damaged: one of its lines names no file');
}
