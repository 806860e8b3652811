import type { SourceLocation } from '../model/source.ts';
import { openHttps } from './https.ts';
import { openLocal } from './local.ts';
import type { Opening, OpenSource } from './source-driver.ts';

/**
 * Connects to a source.
 *
 * @throws SourceError for what whoever set it up can do something about
 */
export async function openSource(location: SourceLocation, opening: Opening): Promise<OpenSource> {
  switch (location.kind) {
    case 'LOCAL':
      return openLocal(location, opening);
    case 'HTTPS':
      return openHttps(location, opening);
    case 'S3':
      return (await import('./s3.ts')).openS3(location, opening);
    case 'SFTP':
      return (await import('./sftp.ts')).openSftp(location, opening);
  }
}
