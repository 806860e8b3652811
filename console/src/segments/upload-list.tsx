import { Anchor, Button, FileInput, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { saveAs } from '../api/download.ts';
import { executionPath } from '../api/paths.ts';
import type { Execution, Segment } from '../api/types.ts';
import { type ImportOptions, uploadFile, userListTarget } from '../api/upload.ts';
import { hasEnded, useExecution } from '../api/use-execution.ts';
import { ExecutionProgress } from '../executions/execution-progress.tsx';
import { SegmentSizes } from '../executions/segment-sizes.tsx';
import { Problem } from '../parts/problem.tsx';
import { t } from '../texts/texts.ts';
import { effectOf, guarded } from '../uploads/guards.ts';
import { Question } from '../uploads/replace-dialog.tsx';

const MODES = ['APPLY', 'REPLACE'] as const;
/** A list that every segment takes: its users stay until they are taken out. */
const SAMPLE = 'user_account_id,expiration_duration\n1001,0\n1002,0\n1003,0\n';

/** Without guards, a dry run tells what a list would do whatever would be allowed. */
const optionsFor = (mode: ImportOptions['mode']): ImportOptions => ({
  ...{ mode, createMissingSegments: false },
  maxFailureRatio: mode === 'REPLACE' ? 1 : null,
  maxShrinkRatio: mode === 'REPLACE' ? 1 : null,
});

/**
 * Uploads a list of users of one segment: checked first, as what it would do to the segment, then
 * sent.
 */
export function UploadList({
  segment,
  onClose,
}: {
  readonly segment: Segment;
  readonly onClose: () => void;
}) {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<ImportOptions['mode']>('APPLY');
  const upload = async (options: ImportOptions, dryRun: boolean) => {
    const execution = await uploadFile({
      ...{ file: file ?? new File([], ''), options, dryRun, key: crypto.randomUUID() },
      target: userListTarget(segment.datamart_id, segment.id),
      signal: new AbortController().signal,
      onSent: () => undefined,
    });
    await client.invalidateQueries({ queryKey: ['executions'] });
    return execution;
  };
  const check = useMutation({ mutationFn: () => upload(optionsFor(mode), true) });
  const send = useMutation({ mutationFn: (options: ImportOptions) => upload(options, false) });
  const restart = () => check.reset();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t.lists.title(segment.name)}
      size="lg"
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <Stack>
        {send.data === undefined && (
          <>
            <Choice
              {...{ file, mode }}
              onFile={(chosen) => {
                setFile(chosen);
                restart();
              }}
              onMode={(chosen) => {
                setMode(chosen);
                restart();
              }}
            />
            {check.error !== null && <Problem error={check.error} />}
            {send.error !== null && <Problem error={send.error} />}
            {check.data === undefined ? (
              <Group justify="flex-end">
                <Button variant="default" onClick={onClose}>
                  {t.cancel}
                </Button>
                <Button disabled={file === null} loading={check.isPending} onClick={() => check.mutate()}>
                  {t.lists.check}
                </Button>
              </Group>
            ) : (
              <Checked
                key={check.data.id}
                first={check.data}
                isSending={send.isPending}
                onClose={onClose}
                onSend={(options) => send.mutate(options)}
              />
            )}
          </>
        )}
        {send.data !== undefined && <Sent first={send.data} onClose={onClose} />}
      </Stack>
    </Modal>
  );
}

function Choice(of: {
  readonly file: File | null;
  readonly mode: ImportOptions['mode'];
  readonly onFile: (file: File | null) => void;
  readonly onMode: (mode: ImportOptions['mode']) => void;
}) {
  return (
    <>
      <Text size="sm">
        {t.lists.text}{' '}
        <Anchor component="button" size="sm" onClick={() => saveAs(new Blob([SAMPLE]), 'users.csv')}>
          {t.lists.sample}
        </Anchor>
      </Text>
      <FileInput
        label={t.lists.file}
        placeholder={t.lists.choose}
        value={of.file}
        onChange={of.onFile}
        clearable={false}
      />
      <SegmentedControl
        aria-label={t.uploads.mode}
        data={MODES.map((value) => ({ value, label: t.lists.modes[value] }))}
        value={of.mode}
        onChange={(value) => of.onMode(value as ImportOptions['mode'])}
      />
      <Text size="sm" c="dimmed">
        {t.lists.hints[of.mode]}
      </Text>
    </>
  );
}

/**
 * What the list would do, and whether it is to be done. A replacement is asked about as those of
 * imports are.
 */
function Checked(of: {
  readonly first: Execution;
  readonly isSending: boolean;
  readonly onClose: () => void;
  readonly onSend: (options: ImportOptions) => void;
}) {
  const { first, isSending, onClose, onSend } = of;
  const { data: execution = first } = useExecution(executionPath(first), { known: first });
  const { parameters, result, status } = execution;
  if (!hasEnded(execution) || status !== 'SUCCEEDED')
    return <ExecutionProgress execution={execution} isLinked />;
  const isReplacing = parameters.mode === 'replace';
  return (
    <>
      <ExecutionProgress execution={execution} isLinked />
      {isReplacing ? (
        <Question
          effect={effectOf(execution)}
          datamartId={String(parameters.datamart_id)}
          options={guarded({
            ...{ mode: 'REPLACE', createMissingSegments: false },
            ...{ maxFailureRatio: null, maxShrinkRatio: null },
          })}
          onClose={onClose}
          onReplace={onSend}
        />
      ) : (
        <>
          <SegmentSizes execution={execution} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.cancel}
            </Button>
            <Button
              disabled={result.total_success === 0}
              loading={isSending}
              onClick={() => onSend(optionsFor('APPLY'))}
            >
              {t.lists.send}
            </Button>
          </Group>
        </>
      )}
    </>
  );
}

function Sent({ first, onClose }: { readonly first: Execution; readonly onClose: () => void }) {
  const { data: execution = first } = useExecution(executionPath(first), { known: first });
  return (
    <>
      <ExecutionProgress execution={execution} isLinked />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t.close}
        </Button>
      </Group>
    </>
  );
}
