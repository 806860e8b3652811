import { createHash } from 'node:crypto';
import type { FileReader } from '../model/file-reader.ts';
import type { KeptFile, Part, PlacedPart } from './documents.ts';

/** What is known of a kept file without reading it. */
export type FileFacts = { readonly bytes: number; readonly modifiedAt: number; readonly etag: string };

/** Where the files of a folder come from; `facts` and `open` give null for one that is gone. */
export type FilesOfFolder = {
  /** `known`: what `facts` has told of it, which spares to ask again. */
  readonly open: (name: string, known?: FileFacts) => Promise<(FileReader & FileFacts) | null>;
  /** Facts of some files at once, by name; those that are gone are left out. */
  readonly facts: (names: readonly string[]) => Promise<ReadonlyMap<string, FileFacts>>;
};

/**
 * Some parts as one file. A single one is opened at once, so that it can be read when it has been
 * removed since. Of several the lengths are asked for at once and one is open at a time: an error
 * file may have a thousand.
 */
export async function joinParts(parts: readonly Part[], files: FilesOfFolder): Promise<KeptFile | null> {
  const [first] = parts;
  if (first === undefined) return null;
  if (parts.length > 1) return joinSeveral(parts, files);
  const file = await files.open(first.name);
  if (file === null) return null;
  const bytes = Math.min(first.bytes, file.bytes);
  const read: FileReader['read'] = (position, length) =>
    file.read(position, Math.max(0, Math.min(length, bytes - position)));
  return { ...file, bytes, read, parts: [{ name: first.name, start: 0, bytes }] };
}

async function joinSeveral(parts: readonly Part[], files: FilesOfFolder): Promise<KeptFile | null> {
  const facts = await files.facts(parts.map(({ name }) => name));
  const placed: PlacedPart[] = [];
  const hash = createHash('sha256');
  let bytes = 0;
  let modifiedAt = 0;
  for (const part of parts) {
    const found = facts.get(part.name);
    if (found === undefined) return null;
    placed.push({ name: part.name, start: bytes, bytes: Math.min(part.bytes, found.bytes) });
    bytes += Math.min(part.bytes, found.bytes);
    modifiedAt = Math.max(modifiedAt, found.modifiedAt);
    hash.update(`${part.name} ${found.etag}\n`);
  }
  const etag = `"${hash.digest('hex').slice(0, 32)}"`;
  return { bytes, modifiedAt, etag, parts: placed, ...readOneByOne(placed, files, facts) };
}

/** Reads parts that lie one after the other; the one that was read last stays open. */
function readOneByOne(
  parts: readonly PlacedPart[],
  files: FilesOfFolder,
  facts: ReadonlyMap<string, FileFacts>,
): Pick<FileReader, 'read' | 'close'> {
  let open: { readonly part: PlacedPart; readonly file: FileReader } | null = null;

  async function close(): Promise<void> {
    const last = open;
    open = null;
    await last?.file.close();
  }

  return {
    async read(position, length) {
      const part = parts[indexAt(parts, position)];
      if (part === undefined || position >= part.start + part.bytes) return Buffer.alloc(0);
      if (open?.part !== part) {
        await close();
        const file = await files.open(part.name, facts.get(part.name));
        if (file === null) throw new Error(`the part ${part.name} of a file is gone`);
        open = { part, file };
      }
      const at = position - part.start;
      const block = await open.file.read(at, Math.min(length, part.bytes - at));
      if (block.length === 0 && length > 0) throw new Error(`the part ${part.name} of a file has changed`);
      return block;
    },
    close,
  };
}

/**
 * The last part that begins at `position` or before it: of several that begin there, the one that
 * is not empty.
 */
function indexAt(parts: readonly PlacedPart[], position: number): number {
  let low = 0;
  let high = parts.length;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((parts[middle]?.start ?? 0) <= position) low = middle;
    else high = middle;
  }
  return low;
}
