import type { Buffer } from 'node:buffer';

/** A kind of file that is never taken, and what its sender can do. */
export type ForeignKind = { readonly name: string; readonly advice: string };

/**
 * How much of a file tells its kind: an Office document names its parts within the first few KiB.
 */
export const KIND_BYTES = 4 * 1024;

const UNPACK = 'unpack it and send each file in it by itself; gzip and zstd are taken as they are';
const RECOMPRESS = 'decompress it, or compress it with gzip or zstd instead';
const EXPORT = 'export its table as CSV in UTF-8, or as NDJSON';
const SEND_ELSEWHERE = `${EXPORT}, or send it to an import of Parquet files (mime_type APPLICATION_PARQUET)`;
const SAVE_AS_CSV = 'save the sheet as "CSV UTF-8" and send that';
const SAVE_AS_UTF8 = 'save it in UTF-8 ("CSV UTF-8" in Excel); a CSV may be in UTF-16 with a byte order mark';
const DOWNLOAD = 'this is often the answer of a server that did not give the file: see how it was fetched';
const DECRYPT = 'decrypt it first';
const SEND_TEXT = 'send a text file, CSV or NDJSON';

type Signature = {
  readonly name: string;
  readonly advice: string;
  /** One byte is one character. */
  readonly bytes: string;
  /** Where they stand in the file; at its start if nothing is said. */
  readonly at?: number;
};

/** Each holds a byte that no text holds, so that no CSV or NDJSON file begins like it. */
const BINARY_SIGNATURES: readonly Signature[] = [
  { name: 'a zip archive', advice: UNPACK, bytes: 'PK\x03\x04' },
  { name: 'an empty zip archive', advice: UNPACK, bytes: 'PK\x05\x06' },
  { name: 'a part of a zip archive', advice: UNPACK, bytes: 'PK\x07\x08' },
  { name: 'a 7z archive', advice: UNPACK, bytes: '7z\xbc\xaf\x27\x1c' },
  { name: 'a RAR archive', advice: UNPACK, bytes: 'Rar!\x1a\x07' },
  { name: 'a tar archive', advice: UNPACK, bytes: 'ustar\0', at: 257 },
  { name: 'a tar archive', advice: UNPACK, bytes: 'ustar \x20\0', at: 257 },
  { name: 'an xz file', advice: RECOMPRESS, bytes: '\xfd7zXZ\0' },
  { name: 'an LZ4 file', advice: RECOMPRESS, bytes: '\x04\x22\x4d\x18' },
  { name: 'an LZ4 file', advice: RECOMPRESS, bytes: '\x02\x21\x4c\x18' },
  { name: 'an lzip file', advice: RECOMPRESS, bytes: 'LZIP\x01' },
  { name: 'an lzop file', advice: RECOMPRESS, bytes: '\x89LZO\0' },
  { name: 'a Snappy file', advice: RECOMPRESS, bytes: '\xff\x06\0\0sNaPpY' },
  { name: 'a file of the program compress', advice: RECOMPRESS, bytes: '\x1f\x9d' },
  {
    name: 'an Excel workbook (.xls) or another old or encrypted Office document',
    advice: SAVE_AS_CSV,
    bytes: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
  },
  { name: 'an Avro file', advice: EXPORT, bytes: 'Obj\x01' },
  { name: 'an Arrow file', advice: EXPORT, bytes: 'ARROW1\0\0' },
  { name: 'an Arrow stream', advice: EXPORT, bytes: '\xff\xff\xff\xff' },
  { name: 'a SQLite database', advice: EXPORT, bytes: 'SQLite format 3\0' },
  { name: 'an HDF5 file', advice: EXPORT, bytes: '\x89HDF\r\n\x1a\n' },
  { name: 'a NumPy file', advice: EXPORT, bytes: '\x93NUMPY' },
  { name: 'a PNG image', advice: SEND_TEXT, bytes: '\x89PNG\r\n\x1a\n' },
  { name: 'a JPEG image', advice: SEND_TEXT, bytes: '\xff\xd8\xff' },
  { name: 'a TIFF image', advice: SEND_TEXT, bytes: 'II*\0' },
  { name: 'a TIFF image', advice: SEND_TEXT, bytes: 'MM\0*' },
  { name: 'a program', advice: SEND_TEXT, bytes: '\x7fELF' },
];

/** Begin like text, and are told apart by binary data that follows. */
const MIXED_SIGNATURES: readonly Signature[] = [
  { name: 'a Parquet file', advice: SEND_ELSEWHERE, bytes: 'PAR1' },
  { name: 'an encrypted Parquet file', advice: DECRYPT, bytes: 'PARE' },
  { name: 'an ORC file', advice: EXPORT, bytes: 'ORC' },
  { name: 'a Feather file', advice: EXPORT, bytes: 'FEA1' },
  { name: 'a DuckDB database', advice: EXPORT, bytes: 'DUCK', at: 8 },
  { name: 'a GIF image', advice: SEND_TEXT, bytes: 'GIF8' },
  { name: 'a WebP image', advice: SEND_TEXT, bytes: 'WEBP', at: 8 },
  { name: 'an image or a video', advice: SEND_TEXT, bytes: 'ftyp', at: 4 },
  { name: 'a program', advice: SEND_TEXT, bytes: 'MZ' },
];

/**
 * Text all through, or possibly: no CSV header and no JSON object begins like it, unless a column
 * is called so.
 */
const TEXT_SIGNATURES: readonly { readonly name: string; readonly advice: string; readonly start: RegExp }[] =
  [
    { name: 'a PDF document', advice: EXPORT, start: /^%PDF-\d/ },
    { name: 'an RTF document', advice: EXPORT, start: /^\{\\rtf\d/ },
    { name: 'a bzip2 file', advice: RECOMPRESS, start: /^BZh[1-9](?:1AY&SY|[^ ]rE8P)/ },
    { name: 'a file encrypted with PGP', advice: DECRYPT, start: /^-----BEGIN PGP / },
    { name: 'a file encrypted with age', advice: DECRYPT, start: /^age-encryption\.org\// },
    { name: 'an XML document', advice: DOWNLOAD, start: /^<\?xml[ \t\r\n]/i },
    { name: 'an HTML page', advice: DOWNLOAD, start: /^<(?:!doctype|html|head|body|script|title|meta)\b/i },
    { name: 'an HTML page or an XML document', advice: DOWNLOAD, start: /^<[!a-z]/i },
  ];

const EXCEL_MARKUP: ForeignKind = { name: 'an Excel workbook (XML or HTML)', advice: SAVE_AS_CSV };

/**
 * What a file is by bytes that no text holds, whatever else can be read in it; null where it may be
 * text.
 */
export function binaryKindOf(head: Buffer): ForeignKind | null {
  const start = latin1(head);
  const found = BINARY_SIGNATURES.find((signature) => matches(start, signature));
  if (found === undefined) return wideUnicodeOf(start);
  return found.bytes.startsWith('PK') ? (officeKindOf(start) ?? found) : found;
}

/** What a file is that cannot be read as CSV or NDJSON, as far as its first bytes tell. */
export function textKindOf(head: Buffer): ForeignKind | null {
  const start = latin1(head);
  const found = TEXT_SIGNATURES.find((signature) => signature.start.test(start));
  // Excel writes and opens both, under the ending .xls
  if (found !== undefined && start.includes('urn:schemas-microsoft-com:office')) return EXCEL_MARKUP;
  if (found !== undefined) return found;
  return isBinary(start) ? (MIXED_SIGNATURES.find((signature) => matches(start, signature)) ?? null) : null;
}

/** What a file is of which nothing else is known than that no text holds such bytes. */
export function unknownBinaryOf(head: Buffer): ForeignKind | null {
  return head.subarray(0, KIND_BYTES).includes(0) ? { name: 'binary data', advice: SEND_TEXT } : null;
}

function latin1(head: Buffer): string {
  return head.toString('latin1', 0, KIND_BYTES);
}

function matches(start: string, { bytes, at = 0 }: Signature): boolean {
  return start.startsWith(bytes, at);
}

/** Control characters that no text has. */
function isBinary(start: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(start);
}

function officeKindOf(start: string): ForeignKind | null {
  if (start.includes('xl/')) return { name: 'an Excel workbook (.xlsx)', advice: SAVE_AS_CSV };
  if (start.includes('opendocument.spreadsheet'))
    return { name: 'an OpenDocument spreadsheet (.ods)', advice: SAVE_AS_CSV };
  if (start.includes('[Content_Types].xml') || start.includes('opendocument'))
    return { name: 'an Office document', advice: SAVE_AS_CSV };
  return null;
}

/**
 * UTF-32, and UTF-16 where no byte order mark tells it, by the mark or by the zeros that Latin
 * letters have in them. A CSV with the mark of UTF-16 was made UTF-8 before: see utf16.ts.
 */
function wideUnicodeOf(start: string): ForeignKind | null {
  const bits = UTF_32_MARK.test(start) ? 32 : UTF_16_MARK.test(start) ? 16 : unmarkedBitsOf(start);
  return bits === null ? null : { name: `text in UTF-${bits}`, advice: SAVE_AS_UTF8 };
}

const UTF_32_MARK = /^(?:\xff\xfe\0\0|\0\0\xfe\xff)/;
const UTF_16_MARK = /^(?:\xff\xfe|\xfe\xff)/;

function unmarkedBitsOf(start: string): 16 | 32 | null {
  const text = start.slice(0, 256);
  if (isWide(text, 4, 0) || isWide(text, 4, 3)) return 32;
  return isWide(text, 2, 0) || isWide(text, 2, 1) ? 16 : null;
}

/**
 * Whether a third of the units of so many bytes are Latin letters and the like, and none is a
 * control character. `at`: where the low byte is.
 */
function isWide(text: string, unitBytes: 2 | 4, at: number): boolean {
  const zeros = '\0'.repeat(unitBytes - 1);
  const units = Math.floor(text.length / unitBytes);
  let latin = 0;
  for (let i = 0; i < units; i++) {
    const unit = text.slice(i * unitBytes, (i + 1) * unitBytes);
    if (unit.slice(0, at) + unit.slice(at + 1) !== zeros) continue;
    if (!/[\t\r\n\x20-\x7e\xa0-\xff]/.test(unit.charAt(at))) return false;
    latin++;
  }
  return latin > 1 && latin * 3 >= units;
}
