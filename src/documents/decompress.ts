import { createGunzip } from 'node:zlib';
import { ServiceError } from '../errors.ts';
import { type Decoder, throughStream } from './decoder.ts';
import { decodeZstd } from './zstd.ts';

/**
 * What undoes a Content-Encoding.
 *
 * @throws ServiceError UNSUPPORTED_CONTENT_ENCODING
 */
export function chooseDecoder(contentEncoding: string | null): Decoder {
  switch (contentEncoding?.trim().toLowerCase() ?? '') {
    case '':
    case 'identity':
      return (source) => source;
    case 'gzip':
    case 'x-gzip':
      return (source) => throughStream(source, createGunzip());
    case 'zstd':
      return decodeZstd;
    default:
      throw new ServiceError(
        'UNSUPPORTED_CONTENT_ENCODING',
        `Content-Encoding must be gzip, zstd or identity, got ${JSON.stringify(contentEncoding)}`,
      );
  }
}
