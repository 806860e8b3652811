import type { Source, SourceKind } from '../api/types.ts';

/** What is said of where files are, by kind, in the order of the form. */
export const LOCATION_FIELDS = {
  LOCAL: ['folder'],
  HTTPS: ['url', 'ca'],
  S3: ['bucket', 'prefix', 'region', 'endpoint', 'marker'],
  SFTP: ['host', 'port', 'user', 'folder', 'host_key'],
} as const satisfies Readonly<Record<SourceKind, readonly string[]>>;
export type LocationField = (typeof LOCATION_FIELDS)[SourceKind][number];

/** What each kind identifies itself by. */
export const CREDENTIAL_FIELDS = {
  LOCAL: [],
  HTTPS: ['user', 'password', 'token'],
  S3: ['access_key_id', 'secret_access_key', 'session_token'],
  SFTP: ['password', 'private_key', 'passphrase'],
} as const satisfies Readonly<Record<SourceKind, readonly string[]>>;
export type CredentialField = (typeof CREDENTIAL_FIELDS)[SourceKind][number];

/** What a source of a kind cannot be without. */
const REQUIRED: Readonly<Record<SourceKind, readonly LocationField[]>> = {
  LOCAL: ['folder'],
  HTTPS: ['url'],
  S3: ['bucket'],
  SFTP: ['host', 'user'],
};

export const isRequired = (kind: SourceKind, field: LocationField) => REQUIRED[kind].includes(field);

/** Units of an interval, in ms. */
export const UNITS = { DAYS: 86_400_000, HOURS: 3_600_000, MINUTES: 60_000, SECONDS: 1_000 } as const;
export type Unit = keyof typeof UNITS;

/** A source as a form has it: texts, also of what is not of the kind that is chosen. */
export type SourceDraft = {
  readonly kind: SourceKind;
  readonly location: Readonly<Partial<Record<LocationField, string>>>;
  /** What becomes of the credentials that there are. */
  readonly kept: 'KEEP' | 'NEW' | 'NONE';
  readonly credentials: Readonly<Partial<Record<CredentialField, string>>>;
  readonly pattern: string;
  readonly order: Source['order'];
  readonly maxFiles: number | '';
  readonly after: Source['after'];
  readonly afterFolder: string;
  readonly when: 'ASKED' | 'INTERVAL' | 'CRON';
  readonly every: number | '';
  readonly unit: Unit;
  readonly cron: string;
  readonly timeZone: string;
  readonly enabled: boolean;
  readonly options: Source['options'];
};

/** A new source: a folder that is looked at when somebody asks. */
export function newDraft(timeZone: string): SourceDraft {
  return {
    ...{ kind: 'LOCAL', location: {}, kept: 'NEW', credentials: {}, pattern: '', order: 'name' },
    ...{ maxFiles: 100, after: 'leave', afterFolder: 'taken', when: 'ASKED', every: 15, unit: 'MINUTES' },
    ...{ cron: '0 6 * * *', timeZone, enabled: true, options: {} },
  };
}

/** A source as a form has it at first. */
export function draftOf(source: Source, timeZone: string): SourceDraft {
  const { schedule } = source;
  const location = LOCATION_FIELDS[source.kind].flatMap((name) => {
    const value = source[name] ?? null;
    return value === null ? [] : [[name, String(value)] as const];
  });
  const blank = newDraft(timeZone);
  return {
    ...blank,
    kind: source.kind,
    location: Object.fromEntries(location),
    kept: source.has_credentials ? 'KEEP' : 'NEW',
    pattern: source.pattern ?? '',
    ...{ order: source.order, maxFiles: source.max_files, after: source.after },
    ...{ afterFolder: source.after_folder, enabled: source.enabled, options: source.options },
    ...(schedule?.interval === undefined ? {} : intervalOf(schedule.interval)),
    ...(schedule?.cron === undefined
      ? {}
      : { when: 'CRON' as const, cron: schedule.cron, timeZone: schedule.time_zone ?? 'UTC' }),
  };
}

/** In the largest unit of which it is a whole number. */
function intervalOf(ms: number): Pick<SourceDraft, 'when' | 'every' | 'unit'> {
  const whole = (Object.keys(UNITS) as Unit[]).find((unit) => ms % UNITS[unit] === 0);
  const unit = whole ?? 'SECONDS';
  return { when: 'INTERVAL', every: ms / UNITS[unit], unit };
}

/** What the service is asked for, by a draft. */
export function bodyOf(draft: SourceDraft): object {
  const { kind, kept, after, options } = draft;
  const location = LOCATION_FIELDS[kind].map(
    (name) => [name, sentValue(name, draft.location[name])] as const,
  );
  const given = CREDENTIAL_FIELDS[kind].flatMap((name) => {
    const value = draft.credentials[name] ?? '';
    return value === '' ? [] : [[name, value] as const];
  });
  const credentials = kept === 'NEW' && given.length > 0 ? Object.fromEntries(given) : null;
  return {
    kind,
    ...Object.fromEntries(location.filter(([, value]) => value !== '')),
    ...(kept === 'KEEP' ? {} : { credentials }),
    pattern: draft.pattern.trim() === '' ? null : draft.pattern.trim(),
    order: draft.order,
    ...(draft.maxFiles === '' ? {} : { max_files: draft.maxFiles }),
    // a web server gives one file, and nothing can be done with it there
    after: kind === 'HTTPS' ? 'leave' : after,
    ...(draft.afterFolder.trim() === '' ? {} : { after_folder: draft.afterFolder.trim() }),
    schedule: scheduleOf(draft),
    enabled: draft.enabled,
    options,
  };
}

function sentValue(name: LocationField, text = ''): string | number {
  return name === 'port' && text.trim() !== '' ? Number(text) : text.trim();
}

function scheduleOf({ when, every, unit, cron, timeZone }: SourceDraft): object | null {
  if (when === 'ASKED') return null;
  if (when === 'INTERVAL') return { interval: Math.round((every === '' ? 0 : every) * UNITS[unit]) };
  return { cron: cron.trim(), ...(timeZone.trim() === '' ? {} : { time_zone: timeZone.trim() }) };
}

/** Whether all is filled in that has to be. */
export function isComplete({ kind, location, when, every, cron }: SourceDraft): boolean {
  const isPlaced = REQUIRED[kind].every((name) => (location[name] ?? '').trim() !== '');
  return isPlaced && (when !== 'INTERVAL' || every !== '') && (when !== 'CRON' || cron.trim() !== '');
}
