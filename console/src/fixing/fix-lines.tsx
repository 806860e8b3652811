import { Button, FileButton, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type Dispatch, type SetStateAction, useCallback, useMemo, useState } from 'react';
import { downloadFile } from '../api/download.ts';
import { executionPath } from '../api/paths.ts';
import { compartments, documentImport, segments } from '../api/queries.ts';
import type { DocumentImport, Execution } from '../api/types.ts';
import { retryNameOf, sendCorrection } from '../executions/resend.ts';
import { formatNumber } from '../parts/formats.ts';
import { Loading } from '../parts/loading.tsx';
import { Problem } from '../parts/problem.tsx';
import { catalogueOf } from '../preview/catalogue-of.ts';
import { t } from '../texts/texts.ts';
import { createCheck } from './check-record.ts';
import { FailedLine } from './failed-line.tsx';
import { type RecordContent, writeRecords } from './failed-records.ts';
import { type FailedLines, loadFailed } from './load-failed.ts';

/** So many lines are edited here; of more the error file is. */
const MAX_LINES = 100;

type Sending = {
  readonly execution: Execution;
  /** Is told of the correction that was sent, and of its lines where they are known. */
  readonly onSent: (correction: Execution, lines?: readonly number[]) => void;
};

/** What was changed in the lines, and which of them are not to be sent. */
type Changes = {
  readonly edits: ReadonlyMap<number, RecordContent>;
  readonly leftOut: ReadonlySet<number>;
};

/**
 * The failed lines of an execution, to be corrected and sent as a correction of it. `code` is that
 * of the lines that are shown, '' for all.
 */
export default function FixLines({
  execution,
  code,
  sentLines,
  onCode,
  onSent,
}: Sending & {
  readonly code: string;
  /** Lines that were sent already, and are not sent twice. */
  readonly sentLines: ReadonlySet<number>;
  readonly onCode: (code: string) => void;
}) {
  const { failures_by_code: byCode, total_failure: all, error_lines_omitted: omitted = 0 } = execution.result;
  const lines = useQuery({
    queryKey: ['failed lines', executionPath(execution), code],
    queryFn: ({ signal }) => loadFailed(execution, { code, most: MAX_LINES, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const known = useKnown(execution);
  // here, so that they stay when the lines of another code are looked at
  const [changes, setChanges] = useState<Changes>({ edits: new Map(), leftOut: new Set() });
  const problem = lines.error ?? known.error;
  const total = code === '' ? all - omitted : (byCode[code] ?? 0);
  return (
    <Stack gap="sm">
      <Text size="sm">{t.fixing.about}</Text>
      <NativeSelect
        size="xs"
        label={t.fixing.code}
        maw={360}
        data={[
          { value: '', label: t.fixing.allCodes(formatNumber(all)) },
          ...Object.entries(byCode).map(([value, count]) => ({
            value,
            label: t.fixing.ofCode(value, formatNumber(count)),
          })),
        ]}
        value={code}
        onChange={({ currentTarget: { value } }) => onCode(value)}
      />
      {problem !== null ? (
        <Problem error={problem} onRetry={() => Promise.all([lines.refetch(), known.refetch()])} />
      ) : lines.data === undefined || known.data === null ? (
        <Loading rows={4} />
      ) : lines.data === null || lines.data.records.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t.failures.notInFile}
        </Text>
      ) : (
        <Editor
          {...{ execution, onSent, sentLines, changes, setChanges }}
          lines={lines.data}
          known={known.data}
        />
      )}
      <WholeFile {...{ execution, onSent }} isMore={lines.data?.isMore === true} total={total} />
    </Stack>
  );
}

type Known = {
  readonly mapping: DocumentImport['mapping'] | null;
  readonly catalogue: ReturnType<typeof catalogueOf>;
};

/** What lines are checked against: the segments and compartments that there are now. */
function useKnown({ parameters }: Execution) {
  const dm = String(parameters.datamart_id);
  const { document_import_id: importId } = parameters;
  const isOfImport = importId !== undefined;
  const owner = useQuery({ ...documentImport(dm, String(importId)), enabled: isOfImport });
  const all = useQuery(segments(dm));
  const selections = useQuery(compartments(dm));
  const mapping = isOfImport ? owner.data && (owner.data.mapping ?? null) : null;
  const data = useMemo((): Known | null => {
    if (mapping === undefined || all.data === undefined || selections.data === undefined) return null;
    return { mapping, catalogue: catalogueOf(dm, { segments: all.data, selections: selections.data }) };
  }, [dm, mapping, all.data, selections.data]);
  return {
    data,
    error: data === null ? (owner.error ?? all.error ?? selections.error) : null,
    refetch: () => Promise.all([owner.refetch(), all.refetch(), selections.refetch()]),
  };
}

function Editor({
  execution,
  onSent,
  sentLines,
  changes: { edits, leftOut },
  setChanges,
  lines: { form, records },
  known: { mapping = null, catalogue },
}: Sending & {
  readonly sentLines: ReadonlySet<number>;
  readonly changes: Changes;
  readonly setChanges: Dispatch<SetStateAction<Changes>>;
  readonly lines: FailedLines;
  readonly known: Known;
}) {
  const client = useQueryClient();
  const { document_import_id: importId, segment_id: segmentId } = execution.parameters;
  const userListOf = importId === undefined ? segmentId : undefined;
  const check = useMemo(
    () => createCheck({ form, catalogue, mapping, userListOf }),
    [form, catalogue, mapping, userListOf],
  );
  const editAll = useCallback(
    (edited: readonly (readonly [line: number, content: RecordContent])[]) =>
      setChanges((before) => ({ ...before, edits: new Map([...before.edits, ...edited]) })),
    [setChanges],
  );
  const edit = useCallback((line: number, content: RecordContent) => editAll([[line, content]]), [editAll]);
  const leaveOut = useCallback(
    (line: number, isLeftOut: boolean) =>
      setChanges((before) => {
        const others = [...before.leftOut].filter((of) => of !== line);
        return { ...before, leftOut: new Set(isLeftOut ? [...others, line] : others) };
      }),
    [setChanges],
  );
  const shown = records
    .filter(({ line }) => !sentLines.has(line))
    .map((record) => {
      const content = edits.get(record.line) ?? record.content;
      return { line: record.line, content, fault: check(content) };
    });
  const ready = shown.filter(({ line, fault }) => fault === null && !leftOut.has(line));
  const send = useMutation({
    mutationFn: (chosen: typeof ready) => {
      const text = writeRecords(form, chosen, 'WITH_LINE');
      const file = new File([text], retryNameOf(execution.result.input_file_name));
      return sendCorrection(client, execution, { file });
    },
    onSuccess: (correction, chosen) =>
      onSent(
        correction,
        chosen.map(({ line }) => line),
      ),
  });
  if (shown.length === 0) return <Text size="sm">{t.fixing.allSent}</Text>;
  return (
    <Stack gap="xs">
      <ReplaceInAll
        onReplace={(from, to) =>
          editAll(shown.map(({ line, content }) => [line, replacedIn(content, from, to)] as const))
        }
      />
      {shown.map(({ line, content, fault }) => (
        <FailedLine
          key={line}
          {...{ line, content, fault }}
          columns={form.format === 'CSV' ? form.columns : null}
          isLeftOut={leftOut.has(line)}
          onEdit={edit}
          onLeaveOut={leaveOut}
        />
      ))}
      {send.error !== null && <Problem error={send.error} />}
      <Group gap="sm">
        <Button disabled={ready.length === 0} loading={send.isPending} onClick={() => send.mutate(ready)}>
          {t.fixing.send(formatNumber(ready.length))}
        </Button>
        <Text size="sm" role="status">
          {t.fixing.ready(formatNumber(ready.length), formatNumber(shown.length))}
        </Text>
      </Group>
    </Stack>
  );
}

function replacedIn({ cells, text }: RecordContent, from: string, to: string): RecordContent {
  return cells === undefined
    ? { text: (text ?? '').replaceAll(from, to) }
    : { cells: cells.map((cell) => cell.replaceAll(from, to)) };
}

/** The same slip is often in many lines. */
function ReplaceInAll({ onReplace }: { readonly onReplace: (from: string, to: string) => void }) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  return (
    <Group gap="xs" align="flex-end">
      <TextInput
        size="xs"
        label={t.fixing.find}
        value={from}
        onChange={({ currentTarget: { value } }) => setFrom(value)}
      />
      <TextInput
        size="xs"
        label={t.fixing.replaceWith}
        value={to}
        onChange={({ currentTarget: { value } }) => setTo(value)}
      />
      <Button size="xs" variant="default" disabled={from === ''} onClick={() => onReplace(from, to)}>
        {t.fixing.replace}
      </Button>
    </Group>
  );
}

/** For files that are too large to be edited here, and for those who prefer their own editor. */
function WholeFile({
  execution,
  onSent,
  isMore,
  total,
}: Sending & { readonly isMore: boolean; readonly total: number }) {
  const client = useQueryClient();
  const upload = useMutation({
    mutationFn: (file: File) => sendCorrection(client, execution, { file }),
    onSuccess: (correction) => onSent(correction),
  });
  const download = useMutation({
    mutationFn: () => downloadFile(execution.result.error_file_uri ?? ''),
  });
  const error = upload.error ?? download.error;
  return (
    <Stack gap="xs">
      <Text size="sm">
        {isMore ? t.fixing.tooMany(formatNumber(MAX_LINES), formatNumber(total)) : t.fixing.orFile}
      </Text>
      <Group gap="xs">
        <Button size="xs" variant="default" loading={download.isPending} onClick={() => download.mutate()}>
          {t.fixing.download}
        </Button>
        <FileButton
          inputProps={{ 'aria-label': t.fixing.chooseFile }}
          onChange={(file) => file !== null && upload.mutate(file)}
        >
          {(props) => (
            <Button size="xs" variant="default" loading={upload.isPending} {...props}>
              {t.fixing.upload}
            </Button>
          )}
        </FileButton>
      </Group>
      {error !== null && <Problem error={error} />}
    </Stack>
  );
}
