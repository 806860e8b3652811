import type { Mapping } from '../../../src/model/mapping.ts';

/**
 * What a column can be: a field, whether its values are hashed, and how its expiries are written;
 * '' for nothing.
 */
export type Choice = string;

/** Every choice, in the order of the list. */
export const CHOICES: readonly Choice[] = [
  '',
  'user_account_id',
  'user_account_id#spreadsheet_text',
  'email_hash#sha256',
  'email_hash',
  'user_agent_id',
  'segment_technical_name',
  'segment_id',
  'segment_technical_names',
  'segment_ids',
  'operation',
  'expiration_ts#iso_8601',
  'expiration_ts',
  'expiration_ts#seconds',
  'expiration_duration',
  'expiration_duration#hours',
  'expiration_duration#days',
  'expiration_duration#with_unit',
  'expiration_duration#iso_8601',
  'data_bag',
];

/** What a mapping makes of a column. */
export function choiceOf(name: string, field: string | null, mapping: Mapping | null): Choice {
  if (field === null) return '';
  const how = mapping === null ? undefined : (own(mapping.hash, name) ?? own(mapping.formats, name));
  const choice = how === undefined ? field : `${field}#${how}`;
  return CHOICES.includes(choice) ? choice : field;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

export type Defaults = { readonly segment: string; readonly minutes: string };

/** The mapping that choices come to. Words of fields stay those that were suggested. */
export function mappingOf(
  choices: readonly (readonly [name: string, choice: Choice])[],
  { suggested, defaults }: { readonly suggested: Mapping | null; readonly defaults: Defaults },
): Mapping {
  const chosen = choices.flatMap(([name, choice]) => {
    const [field = '', how = ''] = choice.split('#');
    return field === '' ? [] : [{ name, field, how }];
  });
  const isHashed = ({ how }: { how: string }) => how === 'sha256';
  const feeds = (prefix: string) => chosen.some(({ field }) => field.startsWith(prefix));
  const { segment, minutes } = defaults;
  const segmentField = /^\d+$/.test(segment) ? 'segment_id' : 'segment_technical_name';
  return {
    columns: Object.fromEntries(chosen.map(({ name, field }) => [name, field])),
    values: Object.fromEntries(
      Object.entries(suggested?.values ?? {}).filter(([field]) => chosen.some((of) => of.field === field)),
    ),
    defaults: {
      ...(feeds('operation') ? {} : { operation: 'UPDATE' }),
      ...(feeds('segment_') || segment === '' ? {} : { [segmentField]: segment }),
      ...(feeds('expiration_') || minutes === '' ? {} : { expiration_duration: Number(minutes) }),
    },
    hash: Object.fromEntries(chosen.filter(isHashed).map(({ name }) => [name, 'sha256'])),
    formats: Object.fromEntries(
      chosen.filter((of) => of.how !== '' && !isHashed(of)).map(({ name, how }) => [name, how]),
    ) as Mapping['formats'],
  };
}
