import { Buffer } from 'node:buffer';

const NDJSON = '{"operation":"UPDATE","user_account_id":"a","segment_id":"1","expiration_duration":0}\n';

/** One byte is one character. */
function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A zip file with one entry that is not compressed, as far as its beginning tells. */
function zip(name: string, content: string): Buffer {
  const header = Buffer.alloc(30);
  header.write('PK\x03\x04', 'latin1');
  header.writeUInt32LE(content.length, 18);
  header.writeUInt32LE(content.length, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, bytes(name + content)]);
}

function tar(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write('ustar\0', 257, 'latin1');
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc(512)]);
}

export function wide(text: string, unit: 2 | 4, order: 'LE' | 'BE', mark: 'MARKED' | 'PLAIN'): Buffer {
  const all = mark === 'MARKED' ? `\ufeff${text}` : text;
  const encoded = Buffer.alloc(all.length * unit);
  for (let i = 0; i < all.length; i++) {
    const code = all.charCodeAt(i);
    if (unit === 2) order === 'LE' ? encoded.writeUInt16LE(code, 2 * i) : encoded.writeUInt16BE(code, 2 * i);
    else order === 'LE' ? encoded.writeUInt32LE(code, 4 * i) : encoded.writeUInt32BE(code, 4 * i);
  }
  return encoded;
}

/** A CSV of which a reader of text would apply a row, whatever stands before its header. */
export const CSV = 'user_account_id,operation,segment_id,expiration_duration\na,UPDATE,1,0\n';

/** Files of kinds that are never taken, and what their refusal says of them. */
export const FOREIGN_FILES: readonly (readonly [string, Buffer, RegExp])[] = [
  ['zip of NDJSON', zip('day.ndjson', NDJSON), /a zip archive: unpack it/],
  ['zip of CSV', zip('day.csv', `\n${CSV}`), /a zip archive: unpack it/],
  ['xlsx', Buffer.concat([zip('[Content_Types].xml', 'x'), zip('xl/workbook.xml', 'x')]), /Excel.*CSV UTF-8/],
  ['ods', zip('mimetype', 'application/vnd.oasis.opendocument.spreadsheet'), /OpenDocument.*CSV UTF-8/],
  ['xls', bytes('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0'), /Excel.*CSV UTF-8/],
  ['tar of CSV', tar('day.csv', CSV), /a tar archive: unpack it/],
  ['tar of NDJSON', tar('day.ndjson', NDJSON), /a tar archive: unpack it/],
  ['7z', bytes('7z\xbc\xaf\x27\x1c\0\x04xxxx'), /a 7z archive: unpack it/],
  ['RAR', bytes('Rar!\x1a\x07\x01\0xxxx'), /a RAR archive: unpack it/],
  ['xz', bytes('\xfd7zXZ\0\0\x04xxxx'), /an xz file: decompress it/],
  ['bzip2', bytes('BZh91AY&SY\xd0\x1a\n\x9f\0'), /a bzip2 file: decompress it/],
  ['empty bzip2', bytes('BZh9\x17rE8P\x90\0\0\0\0'), /a bzip2 file: decompress it/],
  ['LZ4', bytes('\x04\x22\x4d\x18\x64\x40\xa7xxx'), /an LZ4 file: decompress it/],
  ['Parquet', bytes('PAR1\x15\x04\x15\x10\x15\x14L\x15xxxxPAR1'), /a Parquet file: export/],
  ['Avro', bytes('Obj\x01\x04\x16avro.schema'), /an Avro file: export/],
  ['ORC', bytes('ORC\x08\x03\x12xxx'), /an ORC file: export/],
  ['Arrow', bytes('ARROW1\0\0\xff\xff\xff\xff'), /an Arrow file: export/],
  ['SQLite', bytes('SQLite format 3\0\x10\0\x01'), /a SQLite database: export/],
  ['PDF', bytes('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj'), /a PDF document/],
  ['HTML', bytes('\n<!DOCTYPE html>\n<html><body>Sign in, please</body></html>'), /an HTML page.*how it was/],
  ['XML', bytes('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), /an XML document/],
  [
    'XML of Excel',
    bytes('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'),
    /Excel.*CSV UTF-8/,
  ],
  ['HTML of Excel', bytes('<html xmlns:x="urn:schemas-microsoft-com:office:excel">'), /Excel.*CSV UTF-8/],
  ['RTF', bytes('{\\rtf1\\ansi hello}'), /an RTF document/],
  ['PGP', bytes('-----BEGIN PGP MESSAGE-----\n\nhQEMA\n'), /encrypted with PGP: decrypt it/],
  ['PNG', bytes('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), /a PNG image/],
  ['JPEG', bytes('\xff\xd8\xff\xe0\0\x10JFIF'), /a JPEG image/],
  ['GIF', bytes('GIF89a\x01\0\x01\0'), /a GIF image/],
  ['unknown binary data', bytes('\x07\0\0\x01hello\0\0\0\x02'), /binary data/],
  ...(['LE', 'BE'] as const).flatMap((order) =>
    (['MARKED', 'PLAIN'] as const).flatMap((mark) =>
      [NDJSON, CSV, 'é;opération\n'].flatMap((text) => [
        // with its mark it is taken
        ...(mark === 'MARKED'
          ? []
          : [
              [
                `UTF-16${order} ${text[0]}`,
                wide(text, 2, order, mark),
                /UTF-16: save it in UTF-8.*byte order mark/,
              ] as const,
            ]),
        [
          `UTF-32${order} ${mark} ${text[0]}`,
          wide(text, 4, order, mark),
          /UTF-32: save it in UTF-8/,
        ] as const,
      ]),
    ),
  ),
];
