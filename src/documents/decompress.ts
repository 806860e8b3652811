import { ServiceError } from '../errors.ts';
import type { Decoder } from './decoder.ts';
import { decodeGzip } from './gzip.ts';
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
      return decodeGzip;
    case 'zstd':
      return decodeZstd;
    default:
      throw new ServiceError(
        'UNSUPPORTED_CONTENT_ENCODING',
        `Content-Encoding must be gzip, zstd or identity, got ${JSON.stringify(contentEncoding)}`,
      );
  }
}
