import {
  Alert,
  Box,
  Code,
  FileInput,
  Group,
  Loader,
  NativeSelect,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Mapping } from '../../../src/model/mapping.ts';
import { send } from '../api/client.ts';
import { previewPath } from '../api/paths.ts';
import type { DocumentImport, FilePreview } from '../api/types.ts';
import { Problem } from '../parts/problem.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { readStartOf } from '../preview/read-sample.ts';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { CHOICES, type Choice, choiceOf, type Defaults, mappingOf } from './choices.ts';
import { PreviewedLines } from './previewed-lines.tsx';

type MimeType = DocumentImport['mime_type'];
/** What the service looks at. */
const SAMPLE_BYTES = 64 * 1024;
const MAX_EXAMPLES = 3;

/** What a sample file is asked about with. */
type Sample = { readonly mime_type: MimeType; readonly sample_base64: string; readonly whole: boolean };

async function readSample(file: File): Promise<Sample | null> {
  const start = await readStartOf(file);
  if (start === null) return null;
  const bytes = start.bytes.slice(0, SAMPLE_BYTES);
  const head = new TextDecoder().decode(bytes.slice(0, 1024)).trimStart();
  return {
    mime_type: /^[{[]/.test(head) ? 'APPLICATION_X_NDJSON' : 'TEXT_CSV',
    sample_base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
    whole: start.isWhole && bytes.length === start.bytes.length,
  };
}

/**
 * How the files of an import become commands, found out from one of them: the suggestion of the
 * service, column by column, which can be changed, beside what its lines come to. `onChange` is
 * told of the mapping, null where none is needed.
 */
export default function SampleMapping({
  onChange,
}: {
  readonly onChange: (of: { readonly mimeType: MimeType; readonly mapping: Mapping | null } | null) => void;
}) {
  const dm = useDatamartId();
  const [file, setFile] = useState<File | null>(null);
  const [changed, setChanged] = useState<ReadonlyMap<string, Choice>>(new Map());
  const [defaults, setDefaults] = useState<Defaults>({ segment: '', minutes: '' });
  const key = file === null ? null : `${file.name} ${file.size} ${file.lastModified}`;
  const suggested = useQuery({
    queryKey: ['mapping', dm, key],
    queryFn: async () => {
      const sample = file === null ? null : await readSample(file);
      if (sample === null) return null;
      return { sample, found: await send<FilePreview>('POST', previewPath(dm), sample) };
    },
    enabled: file !== null,
    retry: false,
    gcTime: 0,
  });
  const data = suggested.data ?? null;
  const mapping = data === null ? null : chosenMapping(data.found, { changed, defaults });
  const read = useQuery({
    queryKey: ['mapped', dm, key, mapping],
    queryFn: () => send<FilePreview>('POST', previewPath(dm), { ...data?.sample, mapping }),
    enabled: data !== null,
    retry: false,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
  const mimeType = data?.sample.mime_type;
  const wanted = JSON.stringify(mapping);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a mapping is made anew each time; its text tells whether it is another
  useEffect(() => onChange(mimeType === undefined ? null : { mimeType, mapping }), [mimeType, wanted]);
  const choose = (next: File | null) => {
    setFile(next);
    setChanged(new Map());
  };
  return (
    <Stack gap="sm">
      <FileInput
        label={t.mapping.sample}
        description={t.mapping.sampleHint}
        value={file}
        onChange={choose}
        clearable
      />
      {suggested.isFetching && <Loader size="sm" />}
      {suggested.error !== null && <Problem error={suggested.error} />}
      {file !== null && suggested.data === null && <Alert color="gray">{t.preview.compressed}</Alert>}
      {data !== null && (
        <>
          <ColumnChoices
            found={data.found}
            changed={changed}
            onChoose={(name, choice) => setChanged(new Map([...changed, [name, choice]]))}
          />
          <MissingFields found={data.found} mapping={mapping} {...{ defaults, setDefaults }} />
        </>
      )}
      {read.error !== null && <Problem error={read.error} />}
      {read.data !== undefined && <PreviewedLines of={read.data} />}
    </Stack>
  );
}

/** Null: nothing was changed, and none is needed. */
function chosenMapping(
  found: FilePreview,
  { changed, defaults }: { readonly changed: ReadonlyMap<string, Choice>; readonly defaults: Defaults },
): Mapping | null {
  const suggested = found.mapping;
  const isUntouched = changed.size === 0 && defaults.segment === '' && defaults.minutes === '';
  if (suggested === null && isUntouched) return null;
  const choices = found.columns.map(
    ({ name, field }) => [name, changed.get(name) ?? choiceOf(name, field, suggested)] as const,
  );
  return mappingOf(choices, { suggested, defaults });
}

function ColumnChoices({
  found,
  changed,
  onChoose,
}: {
  readonly found: FilePreview;
  readonly changed: ReadonlyMap<string, Choice>;
  readonly onChoose: (name: string, choice: Choice) => void;
}) {
  return (
    <Stack component="ul" aria-label={t.mapping.columns} gap="sm" p={0} m={0}>
      {found.columns.map(({ name, field, reason }, at) => (
        <Group component="li" key={name} gap="sm" style={{ listStyle: 'none' }}>
          <Box flex="1 1 14rem">
            <Text size="sm" fw={500}>
              {name}
            </Text>
            <Text size="xs" c="dimmed">
              {/* the service marks names as Markdown does */}
              <ServerText message={(reason ?? '').replaceAll(/`([^`]*)`/g, '“$1”')} />
            </Text>
            <Code>{examplesOf(found, at).join(', ')}</Code>
          </Box>
          <NativeSelect
            size="xs"
            flex="0 1 16rem"
            aria-label={t.mapping.becomesOf(name)}
            data={CHOICES.map((value) => ({
              value,
              label: value === '' ? t.mapping.unread : value.replace('#', ' · '),
            }))}
            value={changed.get(name) ?? choiceOf(name, field, found.mapping)}
            onChange={({ currentTarget: { value } }) => onChoose(name, value)}
          />
        </Group>
      ))}
    </Stack>
  );
}

/** Some of what a column holds, as it came: the file is on this machine. */
function examplesOf({ lines }: FilePreview, at: number): string[] {
  const texts = lines
    .map(({ values }) => values?.[at])
    .filter((value) => value !== null && value !== undefined);
  const shown = texts.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value)));
  return [...new Set(shown.filter((text) => text !== '').map((text) => text.slice(0, 40)))].slice(
    0,
    MAX_EXAMPLES,
  );
}

/** What no column says is asked for. */
function MissingFields({
  found,
  mapping,
  defaults,
  setDefaults,
}: {
  readonly found: FilePreview;
  readonly mapping: Mapping | null;
  readonly defaults: Defaults;
  readonly setDefaults: (defaults: Defaults) => void;
}) {
  const feeds = (prefix: string) =>
    mapping === null
      ? found.columns.some(({ field }) => field?.startsWith(prefix))
      : Object.values(mapping.columns).some((field) => field.startsWith(prefix));
  return (
    <Group align="flex-end" grow>
      {!feeds('segment_') && (
        <TextInput
          label={t.mapping.segment}
          value={defaults.segment}
          onChange={({ currentTarget: { value } }) => setDefaults({ ...defaults, segment: value.trim() })}
        />
      )}
      {!feeds('expiration_') && (
        <TextInput
          label={t.mapping.minutes}
          inputMode="numeric"
          value={defaults.minutes}
          onChange={({ currentTarget: { value } }) =>
            setDefaults({ ...defaults, minutes: value.replace(/\D/g, '').slice(0, 9) })
          }
        />
      )}
    </Group>
  );
}
