import { Button, Group, NativeSelect, Select, TextInput } from '@mantine/core';
import { IconFilterOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { imports as importsQuery, segments as segmentsQuery, tokens as tokensQuery } from '../api/queries.ts';
import { SearchInput } from '../parts/search-input.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import {
  NO_FILTER,
  RUN_KINDS,
  RUN_STATUSES,
  RUN_TIMES,
  type RunFilter,
  type RunKind,
  type RunStatus,
  type RunTime,
  writeFilter,
} from './run-filter.ts';

type Change = (changed: Partial<RunFilter>, how?: 'PUSH' | 'REPLACE') => void;

/** The service is asked for what is typed when the typing rests. */
const REST_MS = 250;

/** What the list of runs is filtered by. */
export function RunFilters({ filter, onChange }: { readonly filter: RunFilter; readonly onChange: Change }) {
  const isFiltered = Object.keys(writeFilter({ ...filter, page: 1 })).length > 0;
  return (
    <Group gap="xs">
      <SearchInput
        label={t.runs.search}
        value={filter.file}
        restMs={REST_MS}
        onChange={(file) => onChange({ file }, 'REPLACE')}
      />
      <NativeSelect
        aria-label={t.executions.status}
        data={RUN_STATUSES.map((value) => ({ value, label: t.runs.statuses[value] }))}
        value={filter.status}
        onChange={({ currentTarget }) => onChange({ status: currentTarget.value as RunStatus })}
      />
      <NativeSelect
        aria-label={t.runs.kind}
        data={RUN_KINDS.map((value) => ({ value, label: t.runs.kinds[value] }))}
        value={filter.kind}
        onChange={({ currentTarget }) => onChange({ kind: currentTarget.value as RunKind })}
      />
      <NativeSelect
        aria-label={t.runs.time}
        data={RUN_TIMES.map((value) => ({ value, label: t.runs.times[value] }))}
        value={filter.time}
        onChange={({ currentTarget }) => onChange({ time: currentTarget.value as RunTime })}
      />
      {filter.time === 'custom' && <TimeRange filter={filter} onChange={onChange} />}
      <ImportSelect value={filter.import} onChange={(id) => onChange({ import: id })} />
      <SegmentSelect value={filter.segment} onChange={(id) => onChange({ segment: id })} />
      <TokenSelect value={filter.token} onChange={(id) => onChange({ token: id })} />
      {isFiltered && (
        <Button
          variant="subtle"
          size="xs"
          leftSection={<IconFilterOff size={14} aria-hidden />}
          onClick={() => onChange(NO_FILTER)}
        >
          {t.runs.reset}
        </Button>
      )}
    </Group>
  );
}

function TimeRange({ filter, onChange }: { readonly filter: RunFilter; readonly onChange: Change }) {
  return (['from', 'to'] as const).map((end) => (
    <TextInput
      key={end}
      type="datetime-local"
      aria-label={t.runs[end]}
      value={filter[end]}
      onChange={({ currentTarget }) => onChange({ [end]: currentTarget.value }, 'REPLACE')}
    />
  ));
}

type Choice = { readonly value: string; readonly onChange: (id: string) => void };

function ImportSelect(choice: Choice) {
  const { data = [] } = useQuery(importsQuery(useDatamartId()));
  return <NameSelect {...choice} label={t.runs.import} all={t.runs.allImports} of={data} />;
}

/**
 * Only user lists are of a segment: it is chosen on the page of the segment, and can be left here.
 */
function SegmentSelect(choice: Choice) {
  const { data = [] } = useQuery({ ...segmentsQuery(useDatamartId()), enabled: choice.value !== '' });
  if (choice.value === '') return null;
  return <NameSelect {...choice} label={t.segments.segment} all={t.runs.allSegments} of={data} />;
}

function TokenSelect(choice: Choice) {
  const { mayAll } = useSession();
  const { data = [] } = useQuery({ ...tokensQuery(), enabled: mayAll });
  if (!mayAll && choice.value === '') return null;
  return <NameSelect {...choice} label={t.runs.token} all={t.runs.allTokens} of={data} />;
}

function NameSelect({
  label,
  all,
  of,
  value,
  onChange,
}: Choice & {
  readonly label: string;
  /** What stands there as long as nothing is chosen. */
  readonly all: string;
  readonly of: readonly { readonly id: string; readonly name: string }[];
}) {
  const known = of.map(({ id, name }) => ({ value: id, label: name }));
  // one that is gone, or that may not be listed, is shown by its id
  const data =
    value === '' || of.some(({ id }) => id === value) ? known : [...known, { value, label: `#${value}` }];
  return (
    <Select
      aria-label={label}
      placeholder={all}
      data={data}
      value={value === '' ? null : value}
      onChange={(id) => onChange(id ?? '')}
      searchable
      clearable
      w={180}
    />
  );
}
