import { Checkbox, Group, NativeSelect, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { send } from '../api/client.ts';
import { sourcePath } from '../api/paths.ts';
import type { Source, SourceKind } from '../api/types.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { decimalSign } from '../parts/formats.ts';
import { PercentInput } from '../parts/percent-input.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { REPLACE_GUARDS } from '../uploads/guards.ts';
import { bodyOf, draftOf, isComplete, newDraft, type SourceDraft, UNITS, type Unit } from './source-draft.ts';
import { SourceLocationFields } from './source-location-fields.tsx';

type Change = (changed: Partial<SourceDraft>) => void;
type Fields = { readonly draft: SourceDraft; readonly change: Change };

/** Makes the source of an import in a dialog, or changes it. */
export function SourceForm({
  source,
  imports,
  onClose,
  onSaved,
}: {
  /** Null: a new one. */
  readonly source: Source | null;
  /** The imports that it may be of; the first one unless another is chosen. */
  readonly imports: readonly { readonly id: string; readonly name: string }[];
  readonly onClose: () => void;
  readonly onSaved: (importId: string) => unknown;
}) {
  const dm = useDatamartId();
  const client = useQueryClient();
  const [importId, setImportId] = useState(imports[0]?.id ?? '');
  const [draft, setDraft] = useState(() => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return source === null ? newDraft(timeZone) : draftOf(source, timeZone);
  });
  const change: Change = (changed) => setDraft((before) => ({ ...before, ...changed }));
  const mutation = useMutation({
    mutationFn: () => send<Source>('PUT', sourcePath(dm, importId), bodyOf(draft)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['sources', dm] });
      onClose();
      await onSaved(importId);
    },
  });
  return (
    <FormDialog
      title={source === null ? t.sources.create : t.sources.editTitle}
      size="xl"
      submitLabel={t.sources.saveAndTest}
      isComplete={importId !== '' && isComplete(draft)}
      mutation={mutation}
      isOpen
      onClose={onClose}
    >
      {imports.length > 1 && (
        <NativeSelect
          label={t.sources.import}
          data={imports.map(({ id, name }) => ({ value: id, label: name }))}
          value={importId}
          onChange={({ currentTarget: { value } }) => setImportId(value)}
        />
      )}
      <NativeSelect
        label={t.sources.kind}
        data={(['LOCAL', 'HTTPS', 'S3', 'SFTP'] as const).map((value) => ({
          value,
          label: t.sources.kinds[value],
        }))}
        value={draft.kind}
        onChange={({ currentTarget: { value } }) => change({ kind: value as SourceKind })}
        data-autofocus
      />
      <SourceLocationFields draft={draft} change={change} hasCredentials={source?.has_credentials === true} />
      <WhenFields draft={draft} change={change} />
      <FileFields draft={draft} change={change} />
      <OptionFields draft={draft} change={change} />
    </FormDialog>
  );
}

function WhenFields({ draft, change }: Fields) {
  const { when, every, unit, cron, timeZone } = draft;
  return (
    <Group align="flex-start" gap="sm">
      <NativeSelect
        label={t.sources.when}
        flex="1 1 14rem"
        data={(['ASKED', 'INTERVAL', 'CRON'] as const).map((value) => ({
          value,
          label: t.sources.whens[value],
        }))}
        value={when}
        onChange={({ currentTarget: { value } }) => change({ when: value as SourceDraft['when'] })}
      />
      {when === 'INTERVAL' && (
        <>
          <NumberInput
            label={t.sources.every}
            flex="1 1 6rem"
            value={every}
            onChange={(value) => change({ every: typeof value === 'number' ? value : '' })}
            min={0}
            decimalSeparator={decimalSign()}
            required
          />
          <NativeSelect
            label={t.sources.unit}
            flex="1 1 8rem"
            data={(Object.keys(UNITS) as Unit[]).map((value) => ({ value, label: t.sources.units[value] }))}
            value={unit}
            onChange={({ currentTarget: { value } }) => change({ unit: value as Unit })}
          />
        </>
      )}
      {when === 'CRON' && (
        <>
          <TextInput
            label={t.sources.cron}
            description={t.sources.cronHint}
            flex="1 1 12rem"
            value={cron}
            onChange={({ currentTarget: { value } }) => change({ cron: value })}
            required
          />
          <TextInput
            label={t.expected.zone}
            description={t.sources.zoneHint}
            flex="1 1 12rem"
            value={timeZone}
            onChange={({ currentTarget: { value } }) => change({ timeZone: value })}
          />
        </>
      )}
    </Group>
  );
}

/** Which files are taken, and what becomes of them there. */
function FileFields({ draft, change }: Fields) {
  const { kind, pattern, order, maxFiles, after, afterFolder } = draft;
  if (kind === 'HTTPS') return null;
  return (
    <Group align="flex-start" gap="sm">
      <TextInput
        label={t.sources.pattern}
        description={t.sources.patternHint}
        flex="1 1 14rem"
        value={pattern}
        onChange={({ currentTarget: { value } }) => change({ pattern: value })}
      />
      <NativeSelect
        label={t.sources.after}
        description={t.sources.afterHint}
        flex="1 1 14rem"
        data={(['leave', 'move', 'delete'] as const).map((value) => ({
          value,
          label: t.sources.afters[value],
        }))}
        value={after}
        onChange={({ currentTarget: { value } }) => change({ after: value as SourceDraft['after'] })}
      />
      {after === 'move' && (
        <TextInput
          label={t.sources.afterFolder}
          description={t.sources.afterFolderHint}
          flex="1 1 10rem"
          value={afterFolder}
          onChange={({ currentTarget: { value } }) => change({ afterFolder: value })}
        />
      )}
      <NativeSelect
        label={t.sources.order}
        description={t.sources.orderHint}
        flex="1 1 10rem"
        data={(['name', 'time'] as const).map((value) => ({ value, label: t.sources.orders[value] }))}
        value={order}
        onChange={({ currentTarget: { value } }) => change({ order: value as SourceDraft['order'] })}
      />
      <NumberInput
        label={t.sources.maxFiles}
        description={t.sources.maxFilesHint}
        flex="1 1 10rem"
        value={maxFiles}
        onChange={(value) => change({ maxFiles: typeof value === 'number' ? value : '' })}
        min={1}
        max={1_000}
        allowDecimal={false}
      />
    </Group>
  );
}

/** What uploads take beside their file. */
function OptionFields({ draft: { options }, change }: Fields) {
  const isReplacing = options.mode === 'replace';
  const setMode = (mode: string) => {
    const { max_failure_ratio: _, max_shrink_ratio: __, segment_id: ___, mode: ____, ...rest } = options;
    const { maxFailureRatio, maxShrinkRatio } = REPLACE_GUARDS;
    change({
      options:
        mode === 'update'
          ? rest
          : {
              ...rest,
              mode: 'replace',
              max_failure_ratio: maxFailureRatio,
              max_shrink_ratio: maxShrinkRatio,
            },
    });
  };
  const setRatio = (name: 'max_failure_ratio' | 'max_shrink_ratio', value: number | null) => {
    const { [name]: _, ...rest } = options;
    change({ options: value === null ? rest : { ...rest, [name]: value } });
  };
  return (
    <Stack gap="xs">
      <NativeSelect
        label={t.uploads.mode}
        data={[
          { value: 'update', label: t.uploads.modes.APPLY },
          { value: 'replace', label: t.uploads.modes.REPLACE },
        ]}
        value={isReplacing ? 'replace' : 'update'}
        onChange={({ currentTarget: { value } }) => setMode(value)}
      />
      <Text size="sm" c="dimmed">
        {t.uploads.modeHints[isReplacing ? 'REPLACE' : 'APPLY']}
      </Text>
      <Group gap="sm">
        <PercentInput
          label={t.uploads.maxFailures}
          value={options.max_failure_ratio ?? null}
          placeholder={t.uploads.noLimit}
          onChange={(value) => setRatio('max_failure_ratio', value)}
        />
        {isReplacing && (
          <PercentInput
            label={t.uploads.maxShrink}
            value={options.max_shrink_ratio ?? null}
            placeholder={t.uploads.noLimit}
            onChange={(value) => setRatio('max_shrink_ratio', value)}
          />
        )}
      </Group>
      <Checkbox
        size="sm"
        label={t.uploads.createMissingSegments}
        checked={options.create_missing_segments === true}
        onChange={({ currentTarget: { checked } }) => {
          const { create_missing_segments: _, ...rest } = options;
          change({ options: checked ? { ...rest, create_missing_segments: true } : rest });
        }}
      />
    </Stack>
  );
}
