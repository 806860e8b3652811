import { readFileSync } from 'node:fs';

/** What `wasm/user-keys.ts` exports; addresses are in its memory. */
type KeyModule = {
  readonly memory: WebAssembly.Memory;
  startsAt(): number;
  endsAt(): number;
  highHalvesAt(): number;
  lowHalvesAt(): number;
  textsAt(): number;
  hashRows(rows: number): void;
};

const PAGE_BYTES = 65_536;
/** Bytes behind the texts that the module may read. */
const SLACK = 16;

/** Made by `npm run build:wasm`, which `npm ci` and `npm run build` do as well. */
const CODE = new URL('./user-keys.wasm', import.meta.url);

let opened: KeyModule | null = null;

function open(): KeyModule {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(CODE)), {});
  return exports as unknown as KeyModule;
}

/**
 * The keys of identifiers, as `userKey` of src/model/user-key.ts makes each: of what is hashed from
 * `starts` to `ends` of `texts`, in `rows` rows, at most those of a vector. The halves go to
 * `keyHi` and `keyLo`, eight bytes a row, the lowest byte first.
 */
export function makeUserKeys(of: {
  readonly rows: number;
  readonly texts: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly keyHi: Uint8Array;
  readonly keyLo: Uint8Array;
}): void {
  opened ??= open();
  const { memory, hashRows } = opened;
  const { rows, texts } = of;
  const textsAt = opened.textsAt();
  const missing = textsAt + texts.length + SLACK - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(texts, textsAt);
  const starts = new Uint32Array(memory.buffer, opened.startsAt(), rows);
  const ends = new Uint32Array(memory.buffer, opened.endsAt(), rows);
  for (let row = 0; row < rows; row++) {
    starts[row] = textsAt + (of.starts[row] as number);
    ends[row] = textsAt + (of.ends[row] as number);
  }
  hashRows(rows);
  of.keyHi.set(bytes.subarray(opened.highHalvesAt(), opened.highHalvesAt() + 8 * rows));
  of.keyLo.set(bytes.subarray(opened.lowHalvesAt(), opened.lowHalvesAt() + 8 * rows));
}
