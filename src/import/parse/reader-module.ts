import { readFileSync } from 'node:fs';
import type { Replacement } from '../plain-fields.ts';

/** What `wasm/reader.ts` exports; addresses are in its memory, lengths in bytes. */
type Exports = {
  readonly memory: WebAssembly.Memory;
  columnsAt(): number;
  textsAt(): number;
  inputAt(): number;
  inputBytes(): number;
  scratchAt(): number;
  scratchBytes(): number;
  constantOf(field: number): number;
  openDatamart(bytes: number): void;
  openTables(segments: number, compartments: number, names: number, nameBytes: number): void;
  addSegmentId(id: number, ttl: number): void;
  addCompartmentId(id: number): void;
  addSegmentName(bytes: number, id: number, ttl: number): number;
  openMembers(withMapping: number): void;
  addMember(field: number, rank: number, flags: number, nameBytes: number): void;
  addDefault(field: number, unless: number, bytes: number): void;
  openLines(separator: number, startDate: number, linesBefore: number, defaultCompartment: number): void;
  read(from: number, to: number, isEnd: number, line: number, most: number, checkedFrom: number): number;
  linesPassed(): number;
  linesTaken(): number;
  nextLineAt(): number;
  oddAt(): number;
  oddCount(): number;
  forgetOdd(): void;
  beginRow(kind: number, compartmentId: number): number;
  endTexts(valueBytes: number, dataBagBytes: number): void;
  addPair(line: number, segmentId: number, isUpdate: number, expiresAt: number): void;
  rowCount(): number;
  isBatchFull(): number;
  finishBatch(): number;
  clearBatch(): void;
  trap(): void;
};

/** Why `read` came back. */
export const READ = { DONE: 0, NOT_PLAIN: 1, FULL: 2 } as const;

/** An instance with a memory of its own. */
export type ReaderModule = Exports & {
  /** Its memory as it is now; what grows it makes another one. */
  readonly bytes: () => Uint8Array<ArrayBuffer>;
  /** Puts a text where the next call looks for it; gives its length. */
  readonly write: (text: Uint8Array) => number;
};

/** Says what a value of a member stands for. */
export type Replace = (member: number, text: string) => Replacement;

/** Made by `npm run build:wasm`, which `npm ci` and `npm run build` do as well. */
const CODE = new URL('./reader.wasm', import.meta.url);

let compiled: WebAssembly.Module | null = null;

/** `replace` is asked where a mapping has words, formats or hashes; see wasm/members.ts. */
export function openReaderModule(replace: {
  readonly of: Replace;
  readonly fieldOf: (member: number) => number;
}): ReaderModule {
  compiled ??= new WebAssembly.Module(readFileSync(CODE));
  const { exports } = new WebAssembly.Instance(compiled, { members: { replaceValue } });
  const module = exports as unknown as Exports;
  let view = new Uint8Array(module.memory.buffer);

  function bytes(): Uint8Array<ArrayBuffer> {
    if (view.buffer !== module.memory.buffer) view = new Uint8Array(module.memory.buffer);
    return view;
  }

  function replaceValue(member: number, start: number, end: number): number {
    const text = Buffer.from(module.memory.buffer, start, end - start).toString();
    const replacement = replace.of(member, text);
    if (replacement === 'ITSELF') return 0;
    if (replacement === 'NOT_PLAIN' || replacement.length === 0) return -1;
    bytes().set(replacement, module.constantOf(replace.fieldOf(member)));
    return replacement.length;
  }

  return {
    ...module,
    bytes,
    write: (text) => {
      bytes().set(text, module.scratchAt());
      return text.length;
    },
  };
}
