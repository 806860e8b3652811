import { Alert, Badge, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { compartments, segments } from '../api/queries.ts';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { adviceOf, Problem } from '../parts/problem.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { WarningExamples } from '../parts/warning-examples.tsx';
import { t } from '../texts/texts.ts';
import { SendOptions } from '../uploads/send-options.tsx';
import type { UploadItem } from '../uploads/uploads.tsx';
import { catalogueOf } from './catalogue-of.ts';
import { isParquetStart, readSample, readStartOf, type Sample } from './read-sample.ts';
import { RecordsTable } from './records-table.tsx';

/** The first lines of a file as the service reads them, before anything of it is sent. */
export default function Preview({ item }: { readonly item: UploadItem }) {
  const { file, documentImport } = item;
  const dm = documentImport.datamart_id;
  const known = useQuery(segments(dm));
  const selections = useQuery(compartments(dm));
  const isReady = known.data !== undefined && selections.data !== undefined;
  const refused = known.error ?? selections.error;
  const sample = useQuery({
    queryKey: ['preview', item.id, known.dataUpdatedAt],
    queryFn: async () => {
      const start = await readStartOf(file);
      if (start === null) return 'compressed';
      if (documentImport.mime_type === 'APPLICATION_PARQUET' && isParquetStart(start)) return 'parquet';
      const catalogue = catalogueOf(dm, { segments: known.data ?? [], selections: selections.data ?? [] });
      const { mime_type: mimeType, mapping = null } = documentImport;
      return readSample(start, { mimeType, mapping, catalogue, now: Date.now() });
    },
    enabled: isReady,
    retry: false,
    gcTime: 0,
    // else what was chosen for the file would be gone each time the segments are asked for anew
    placeholderData: (before) => before,
  });
  if (!isReady && refused !== null)
    return <Problem error={refused} onRetry={() => Promise.all([known.refetch(), selections.refetch()])} />;
  return (
    <Loaded query={sample} rows={4}>
      {(read) => (
        <Stack gap="sm">
          {typeof read === 'string' ? (
            <Alert color="gray">{t.preview[read]}</Alert>
          ) : (
            <SampleShown
              sample={read}
              segmentNames={new Map(known.data?.map(({ id, name }) => [id, name]))}
            />
          )}
          <SendOptions item={item} isRefused={typeof read !== 'string' && read.refusal !== null} />
        </Stack>
      )}
    </Loaded>
  );
}

function SampleShown({
  sample: { refusal, header, records, failures, warnings, isWhole },
  segmentNames,
}: {
  readonly sample: Sample;
  readonly segmentNames: ReadonlyMap<string, string>;
}) {
  if (refusal !== null) {
    return (
      <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={t.preview.refused}>
        <RefusalText refusal={refusal} />
      </Alert>
    );
  }
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  return (
    <Stack gap="xs">
      <Text size="sm" role="status">
        {t.preview.summary(formatNumber(records.length), formatNumber(failed), isWhole)}
      </Text>
      {header !== null && <Columns header={header} />}
      {failed > 0 && (
        <Group gap="xs">
          {[...failures].map(([code, count]) => (
            <Badge key={code} color="orange" variant="light" autoContrast>
              {code} {formatNumber(count)}
            </Badge>
          ))}
        </Group>
      )}
      {warnings.counts.length > 0 && <WarningExamples {...warnings} />}
      <RecordsTable records={records} segmentNames={segmentNames} />
    </Stack>
  );
}

function RefusalText({ refusal: { code, message } }: { readonly refusal: NonNullable<Sample['refusal']> }) {
  const known = adviceOf(code);
  return <ServerText message={message} meaning={known && `${known.title}. ${known.advice}`} />;
}

/** How the header was understood: which columns mean something, and which are passed over. */
function Columns({
  header: { delimiter, columns, fields },
}: {
  readonly header: NonNullable<Sample['header']>;
}) {
  return (
    <Group gap={6}>
      <Text size="sm">
        {t.preview.separator} <Code>{delimiter === '\t' ? t.preview.tab : delimiter}</Code> ·{' '}
        {t.preview.columns}
      </Text>
      {columns.map((name, at) => (
        <Badge
          // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
          key={at}
          variant={fields[at] ? 'light' : 'default'}
          color={fields[at] ? 'teal' : 'gray'}
          title={fields[at] || t.preview.ignored}
          autoContrast
        >
          {name === '' ? t.preview.unnamed : name}
          {fields[at] ? '' : ` (${t.preview.ignored})`}
        </Badge>
      ))}
    </Group>
  );
}
