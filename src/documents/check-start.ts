import { Buffer } from 'node:buffer';
import { ServiceError } from '../errors.ts';
import {
  findHeaderEnd,
  type HeaderState,
  headerText,
  MAX_HEADER_BYTES,
  parseCsvHeader,
} from '../import/csv-header.ts';
import type { MimeType } from '../model/records.ts';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LINE_FEED = 0x0a;
const OPENING_BRACKET = 0x5b;

/** Looks at the first bytes of a document, chunk by chunk, and throws as soon as the whole is known to be refused. */
export interface StartCheck {
  /** Takes the next bytes of the document. */
  take(chunk: Buffer): void;
  /** The document has ended. */
  end(): void;
}

/** The check for a format; `profile` chooses the columns that a CSV header may have. */
export function createStartCheck(mimeType: MimeType, profile: 'COMMANDS' | 'USER_LIST'): StartCheck {
  return mimeType === 'TEXT_CSV' ? new CsvStart(profile) : new NdjsonStart();
}

function emptyFile(): ServiceError {
  return new ServiceError('EMPTY_FILE', 'the file must hold at least one record, got nothing but blanks');
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === LINE_FEED;
}

/** Finds the first byte that is neither BOM nor blank, over chunks. */
class FirstByte {
  #bomBytes = 0;

  /** Index of that byte in `chunk`, or -1. */
  find(chunk: Buffer): number {
    let at = 0;
    while (this.#bomBytes < BOM.length && at < chunk.length && chunk[at] === BOM[this.#bomBytes]) {
      this.#bomBytes++;
      at++;
    }
    if (at < chunk.length) this.#bomBytes = BOM.length;
    while (at < chunk.length && isBlank(chunk[at] ?? 0)) at++;
    return at < chunk.length ? at : -1;
  }
}

class NdjsonStart implements StartCheck {
  readonly #firstByte = new FirstByte();
  #found = false;

  take(chunk: Buffer): void {
    if (this.#found) return;
    const at = this.#firstByte.find(chunk);
    if (at < 0) return;
    this.#found = true;
    if (chunk[at] === OPENING_BRACKET) {
      throw new ServiceError(
        'NOT_NDJSON',
        'the file must be NDJSON, one JSON object per line, got a JSON array: it begins with "["',
      );
    }
  }

  end(): void {
    if (!this.#found) throw emptyFile();
  }
}

class CsvStart implements StartCheck {
  readonly #profile: 'COMMANDS' | 'USER_LIST';
  readonly #firstByte = new FirstByte();
  #isBlank = true;
  readonly #state: HeaderState = { at: 'CELL_START' };
  #header: Buffer[] = [];
  #headerBytes = 0;
  #hasEnded = false;
  #checked = false;

  constructor(profile: 'COMMANDS' | 'USER_LIST') {
    this.#profile = profile;
  }

  take(chunk: Buffer): void {
    if (this.#isBlank) this.#isBlank = this.#firstByte.find(chunk) < 0;
    if (!this.#hasEnded) this.#collect(chunk);
    // A first line of nothing but blanks may still turn out to be an empty file.
    if (this.#hasEnded && !this.#isBlank) this.#check();
  }

  end(): void {
    if (this.#isBlank) throw emptyFile();
    this.#check();
  }

  #collect(chunk: Buffer): void {
    const end = findHeaderEnd(chunk, this.#state);
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    this.#hasEnded = end >= 0;
    this.#headerBytes += part.length;
    if (this.#headerBytes > MAX_HEADER_BYTES) {
      throw new ServiceError(
        'INVALID_HEADER',
        `the header line must be at most ${MAX_HEADER_BYTES} bytes long`,
      );
    }
    this.#header.push(Buffer.from(part));
  }

  #check(): void {
    if (this.#checked) return;
    this.#checked = true;
    const parsed = parseCsvHeader(headerText(Buffer.concat(this.#header)), this.#profile);
    this.#header = [];
    if (!parsed.ok) throw new ServiceError('INVALID_HEADER', parsed.message);
  }
}
