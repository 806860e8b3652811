import { Alert, Button, Group, List, Modal, Progress, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { segments as segmentsQuery } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import type { ImportOptions } from '../api/upload.ts';
import { ExecutionProgress } from '../executions/execution-progress.tsx';
import { GREAT_LOSS } from '../executions/losses.ts';
import { formatBytes, formatNumber, formatShare } from '../parts/formats.ts';
import { PercentInput } from '../parts/percent-input.tsx';
import { Problem } from '../parts/problem.tsx';
import { t } from '../texts/texts.ts';
import { effectOf, guarded, type ReplaceEffect, type SegmentLoss, stoppedBy } from './guards.ts';
import type { UploadItem } from './uploads.tsx';
import { type DryRun, useDryRun } from './use-dry-run.ts';

/**
 * Asks before segments are replaced: who would leave which of them, by a dry run of this very file.
 */
export function ReplaceDialog(of: {
  readonly item: UploadItem;
  readonly options: ImportOptions;
  /** A dry run of the file that was shown already. */
  readonly seen: Execution | null;
  readonly onClose: () => void;
  readonly onReplace: (options: ImportOptions) => void;
}) {
  const { item, seen, onClose, onReplace } = of;
  const dryRun = useDryRun(item, seen, of.options);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t.replacing.title(item.file.name)}
      size="lg"
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {dryRun.at === 'ENDED' && dryRun.execution.status === 'SUCCEEDED' ? (
        <Question
          effect={effectOf(dryRun.execution)}
          datamartId={item.documentImport.datamart_id}
          options={of.options}
          onClose={onClose}
          onReplace={onReplace}
        />
      ) : (
        <Stack>
          <UnderWay dryRun={dryRun} size={item.file.size} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} data-autofocus>
              {t.cancel}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

/** The dry run as it is made, or why there is none. */
function UnderWay({ dryRun, size }: { readonly dryRun: DryRun; readonly size: number }) {
  if (dryRun.at === 'REFUSED') return <Problem error={dryRun.error} />;
  return (
    <>
      <Text size="sm">{t.replacing.checking}</Text>
      {dryRun.at === 'SENDING' ? (
        <>
          <Progress value={size === 0 ? 100 : (dryRun.sent * 100) / size} aria-label={t.uploads.sent} />
          <Text size="sm">{t.replacing.sent(formatBytes(dryRun.sent), formatBytes(size))}</Text>
        </>
      ) : (
        <ExecutionProgress execution={dryRun.execution} />
      )}
    </>
  );
}

/**
 * Asks whether a replacement is to be made: who would leave, which guard would stop it, and by name
 * where half would leave.
 */
export function Question(of: {
  readonly effect: ReplaceEffect;
  readonly datamartId: string;
  readonly options: ImportOptions;
  readonly onClose: () => void;
  readonly onReplace: (options: ImportOptions) => void;
}) {
  const { effect, datamartId, onClose, onReplace } = of;
  const { data: known = [] } = useQuery(segmentsQuery(datamartId));
  const [options, setOptions] = useState(() => guarded(of.options));
  const [typed, setTyped] = useState('');
  const nameOf = (id: string) => known.find((segment) => segment.id === id)?.name ?? id;
  const stopped = stoppedBy(effect, options);
  const name = effect.toConfirm === null ? null : nameOf(effect.toConfirm.segmentId);
  const isConfirmed = name === null || typed.trim() === name.trim();
  const isStopped = stopped.failures !== null || stopped.shrink !== null;
  const submit = () => {
    if (isConfirmed && !isStopped) onReplace(options);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="sm">
        <Losses effect={effect} nameOf={nameOf} />
        <Guards options={options} onChange={setOptions} stopped={stopped} effect={effect} />
        {name !== null && (
          <TextInput
            label={t.replacing.typeName(name)}
            value={typed}
            onChange={({ currentTarget: { value } }) => setTyped(value)}
            autoComplete="off"
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t.cancel}
          </Button>
          <Button type="submit" color="red" disabled={!isConfirmed || isStopped}>
            {t.uploads.replace}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const MOST_SEGMENTS = 12;

function Losses({
  effect: { segments },
  nameOf,
}: {
  readonly effect: ReplaceEffect;
  readonly nameOf: (id: string) => string;
}) {
  const left = segments.length - MOST_SEGMENTS;
  return (
    <div>
      <List size="sm" spacing={4}>
        {segments.slice(0, MOST_SEGMENTS).map((segment) => (
          <List.Item key={segment.segmentId}>
            <Loss segment={segment} name={nameOf(segment.segmentId)} />
          </List.Item>
        ))}
        {left > 0 && <List.Item>{t.replacing.others(formatNumber(left))}</List.Item>}
      </List>
      <Text size="sm" c="dimmed" mt={6}>
        {t.replacing.undo}
      </Text>
    </div>
  );
}

function Loss({ segment, name }: { readonly segment: SegmentLoss; readonly name: string }) {
  const { before, after, lost, share } = segment;
  if (lost === 0) return t.replacing.grows(name, formatNumber(before), formatNumber(after));
  return (
    <Text span size="sm" fw={share >= GREAT_LOSS ? 600 : 400} c="var(--mantine-color-red-text)">
      {t.replacing.loses(name, {
        lost: formatNumber(lost),
        before: formatNumber(before),
        share: formatShare(lost, before),
      })}
      {after > before - lost && ` ${t.replacing.exchanges(formatNumber(after))}`}
    </Text>
  );
}

/** The guards, which are sent with the file, and which of them would stop it as they are. */
function Guards({
  options,
  onChange,
  stopped,
  effect,
}: {
  readonly options: ImportOptions;
  readonly onChange: (options: ImportOptions) => void;
  readonly stopped: ReturnType<typeof stoppedBy>;
  readonly effect: ReplaceEffect;
}) {
  const allow = (guard: 'maxFailureRatio' | 'maxShrinkRatio', share: number | null) =>
    onChange({ ...options, [guard]: share });
  const failed = formatShare(effect.failureShare, 1);
  const shrunk = formatShare(effect.shrink, 1);
  return (
    <>
      <Group align="flex-end" gap="xs">
        <GuardFields options={options} onChange={onChange} />
      </Group>
      {stopped.shrink !== null && (
        <Stopped
          text={t.replacing.shrinksTooMuch(shrunk, formatShare(options.maxShrinkRatio ?? 0, 1))}
          label={t.replacing.allow(formatShare(stopped.shrink, 1))}
          onAllow={() => allow('maxShrinkRatio', stopped.shrink)}
        />
      )}
      {stopped.failures !== null && (
        <Stopped
          text={t.replacing.failsTooMuch(
            formatNumber(effect.failed),
            failed,
            formatShare(options.maxFailureRatio ?? 0, 1),
          )}
          label={t.replacing.allow(formatShare(stopped.failures, 1))}
          onAllow={() => allow('maxFailureRatio', stopped.failures)}
        />
      )}
    </>
  );
}

/** The two guards of a replacement as fields. */
export function GuardFields({
  options,
  onChange,
}: {
  readonly options: ImportOptions;
  readonly onChange: (options: ImportOptions) => void;
}) {
  const defaults = guarded({ ...options, maxFailureRatio: null, maxShrinkRatio: null });
  const placeholder = (share: number | null) =>
    share === null ? t.uploads.noLimit : formatShare(share, 1).replace(/\s?%/, ' %');
  return (
    <>
      <PercentInput
        label={t.uploads.maxFailures}
        value={options.maxFailureRatio}
        placeholder={placeholder(defaults.maxFailureRatio)}
        onChange={(maxFailureRatio) => onChange({ ...options, maxFailureRatio })}
      />
      {options.mode === 'REPLACE' && (
        <PercentInput
          label={t.uploads.maxShrink}
          value={options.maxShrinkRatio}
          placeholder={placeholder(defaults.maxShrinkRatio)}
          onChange={(maxShrinkRatio) => onChange({ ...options, maxShrinkRatio })}
        />
      )}
    </>
  );
}

function Stopped(of: { readonly text: string; readonly label: string; readonly onAllow: () => void }) {
  return (
    <Alert color="orange" variant="light" icon={<IconAlertTriangle />} role="alert">
      <Group justify="space-between" gap="xs">
        <Text size="sm">{of.text}</Text>
        <Button size="compact-xs" variant="default" onClick={of.onAllow}>
          {of.label}
        </Button>
      </Group>
    </Alert>
  );
}
