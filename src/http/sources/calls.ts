import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { notFound, ServiceError } from '../../errors.ts';
import type { Datamart } from '../../model/datamart.ts';
import type { DocumentImport } from '../../model/document-import.ts';
import type { Source, SourceSettings } from '../../model/source.ts';
import { seal } from '../../sources/credentials.ts';
import { nextRun } from '../../sources/next-run.ts';
import { pullSettings } from '../../sources/pull-settings.ts';
import { SourceError } from '../../sources/source-error.ts';
import type { NewSource } from '../../store/source-records.ts';
import { findDocumentImport } from '../access.ts';
import type { HttpDependencies } from '../types.ts';
import { readOptions } from '../uploads/options.ts';
import {
  leadsToSamePlace,
  readAfter,
  readCredentials,
  readLocation,
  readPattern,
  readSchedule,
  type SourceInput,
} from './input.ts';

/** What the routes of sources have in common. */

type Looking = { readonly request: FastifyRequest; readonly dependencies: HttpDependencies };
type Params = { readonly datamartId: string; readonly importId: string };
type Owner = { readonly datamart: Datamart; readonly documentImport: DocumentImport };

/** The source of an import that the token may see. */
export async function findSource(
  looking: Looking,
  params: Params,
): Promise<Owner & { readonly source: Source }> {
  const owner = await findDocumentImport(looking, params);
  const source = await looking.dependencies.store.sources.get(owner.documentImport.id);
  if (source === null) throw notFound();
  return { ...owner, source };
}

const MAX_FILES = 100;

/** What a request asks a source to be. Throws INVALID_REQUEST. */
export async function readSettings(
  looking: Looking,
  input: SourceInput,
  { datamart }: Owner,
): Promise<SourceSettings> {
  const { network, folders } = pullSettings(looking.dependencies.config);
  const { allow_empty: allowEmpty = true, ...asked } = input.options ?? {};
  const { dryRun: _, ...options } = await readOptions(looking, asked);
  return {
    location: readLocation(input, { network, folders, datamartId: datamart.id }),
    pattern: readPattern(input),
    order: input.order ?? 'name',
    maxFiles: input.max_files ?? MAX_FILES,
    ...readAfter(input),
    schedule: readSchedule(input.schedule),
    enabled: input.enabled ?? true,
    options,
    allowEmpty,
  };
}

/** What is to be stored of a source. Throws INVALID_REQUEST or CONFLICT. */
export function readSource(
  { dependencies: { clock, config } }: Looking,
  {
    input,
    settings,
    before,
    owner,
  }: {
    readonly input: SourceInput;
    readonly settings: SourceSettings;
    readonly before: Source | null;
    readonly owner: Owner;
  },
): NewSource {
  const { id: documentImportId, datamartId } = owner.documentImport;
  const now = clock();
  const isSamePlace = before !== null && leadsToSamePlace(before.settings.location, settings.location);
  const given = readCredentials(input);
  if (given === 'KEEP' && before?.hasCredentials && !isSamePlace) {
    throw new ServiceError(
      'INVALID_REQUEST',
      'credentials must be given again, or be null, if the source points to another place: the stored ones are for the old place',
    );
  }
  try {
    const credentials =
      given === 'KEEP' || given === null ? given : seal(given, documentImportId, pullSettings(config).keys);
    const nextRunTs = nextRunOf(settings, before, now);
    const forgetHostKey = !isSamePlace;
    return { documentImportId, datamartId, settings, credentials, forgetHostKey, nextRunTs, now };
  } catch (fault) {
    if (fault instanceof SourceError) throw new ServiceError('CONFLICT', fault.message);
    throw fault;
  }
}

/** A schedule that stays goes on; a new interval begins now. */
function nextRunOf({ schedule, enabled }: SourceSettings, before: Source | null, now: number): number | null {
  if (schedule === null || !enabled) return null;
  const isAsBefore =
    before?.settings.enabled === true && isDeepStrictEqual(before.settings.schedule, schedule);
  if (isAsBefore && before.nextRunTs !== null && before.failures === 0) return before.nextRunTs;
  return 'intervalMs' in schedule ? now : nextRun(schedule, { startDate: now, now });
}
