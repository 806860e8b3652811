import { Buffer } from 'node:buffer';
import { type Static, Type } from 'typebox';
import { startInUtf8 } from '../../content/start/utf16.ts';
import { compressionOf } from '../../documents/compression.ts';
import { notFound, ServiceError } from '../../errors.ts';
import { sha256Of } from '../../import/mapping/sha256.ts';
import { MimeTypeName } from '../../model/document-import.ts';
import { previewFile } from '../../preview/preview-file.ts';
import { findDatamart } from '../access.ts';
import { ok } from '../answers.ts';
import { answersWith, DatamartParams } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { MappingBody, readMapping } from './mapping.ts';
import { PreviewView, viewPreview } from './preview-view.ts';

/** More is not needed to see what a file is like, and all of it is read while others wait. */
const MAX_SAMPLE_BYTES = 64 * 1024;

const Body = Type.Object({
  mime_type: MimeTypeName,
  sample: Type.Optional(
    Type.String({ description: `the first bytes of a file, decompressed: at most ${MAX_SAMPLE_BYTES}` }),
  ),
  sample_base64: Type.Optional(
    Type.String({ description: 'the same in base64, for bytes that may not be UTF-8; instead of sample' }),
  ),
  whole: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'true: the sample is the whole file; otherwise its last line is left out if it is cut off',
    }),
  ),
  mapping: Type.Optional(MappingBody),
});

const schema = {
  tags: ['document imports'],
  summary: 'Previews the first lines of a file, and suggests a mapping',
  description:
    'Reads up to 50 records of a sample as an upload would be read: each becomes a command, or fails with a code and a message. By `mapping`, by none where it is null; where the request has no `mapping` one is suggested, with a reason for each column. Nothing of the sample is kept or logged.',
  params: DatamartParams,
  body: Body,
  response: answersWith(PreviewView),
};

/**
 * What the service would do with a file, and the mapping that it may need, before anything is sent.
 */
export function documentImportPreviewRoute(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const path = '/datamarts/:datamartId/document_imports/preview';
  app.post(path, { config: { role: 'editor' }, schema }, async (request) => {
    const { id } = await findDatamart({ request, dependencies }, request.params.datamartId);
    const { body } = request;
    const bytes = readSample(body);
    const mapping = body.mapping === undefined ? undefined : readMapping(body.mapping);
    const catalogue = await store.datamarts.catalogue(id);
    if (catalogue === null) throw notFound();
    const start = { bytes, isWhole: body.whole === true };
    const of = { mimeType: body.mime_type, mapping, catalogue, now: clock(), sha256: sha256Of };
    return ok(viewPreview(previewFile(start, of), catalogue));
  });
}

/** Throws INVALID_REQUEST for what is no sample. */
function readSample(body: Static<typeof Body>): Buffer {
  const { sample, sample_base64: base64 } = body;
  if ((sample === undefined) === (base64 === undefined))
    throw new ServiceError('INVALID_REQUEST', 'the body must have one of sample and sample_base64');
  if (base64 !== undefined && !/^[A-Za-z0-9+/]*={0,2}$/.test(base64))
    throw new ServiceError('INVALID_REQUEST', 'sample_base64 must be base64');
  const bytes = sample === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(sample);
  if (bytes.length > MAX_SAMPLE_BYTES)
    throw new ServiceError(
      'INVALID_REQUEST',
      `the sample must be at most ${MAX_SAMPLE_BYTES} bytes, got ${bytes.length}`,
    );
  const compression = compressionOf(bytes);
  if (compression)
    throw new ServiceError('INVALID_REQUEST', `the sample must be decompressed, got ${compression}`);
  return startInUtf8(bytes, body.whole === true);
}
