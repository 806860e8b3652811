import { Button, Group, NumberInput, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconFileImport, IconReplace, IconTestPipe } from '@tabler/icons-react';
import { useState } from 'react';
import type { ImportOptions } from '../api/upload.ts';
import { t } from '../texts/texts.ts';
import { type UploadItem, useUploads } from './uploads.tsx';

const PLAIN: ImportOptions = { mode: 'APPLY', maxFailureRatio: null, maxShrinkRatio: null };

/** How a file is to be imported, and the buttons that do it. */
export function SendOptions({
  item,
  initial = PLAIN,
  isRefused = false,
}: {
  readonly item: UploadItem;
  readonly initial?: ImportOptions;
  /** The service would not take the file. */
  readonly isRefused?: boolean;
}) {
  const { send, remove } = useUploads();
  const [options, setOptions] = useState(initial);
  const isReplacing = options.mode === 'REPLACE';
  return (
    <Stack gap="xs">
      <Group align="flex-end" gap="md">
        <SegmentedControl
          aria-label={t.uploads.mode}
          data={[
            { value: 'APPLY', label: t.uploads.modes.APPLY },
            { value: 'REPLACE', label: t.uploads.modes.REPLACE },
          ]}
          value={options.mode}
          onChange={(mode) => setOptions({ ...options, mode: mode as ImportOptions['mode'] })}
        />
        <Percent
          label={t.uploads.maxFailures}
          value={options.maxFailureRatio}
          onChange={(maxFailureRatio) => setOptions({ ...options, maxFailureRatio })}
        />
        {isReplacing && (
          <Percent
            label={t.uploads.maxShrink}
            value={options.maxShrinkRatio}
            onChange={(maxShrinkRatio) => setOptions({ ...options, maxShrinkRatio })}
          />
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {t.uploads.modeHints[options.mode]}
      </Text>
      <Group gap="xs">
        <Button
          leftSection={<IconTestPipe size={16} aria-hidden />}
          variant="default"
          disabled={isRefused}
          onClick={() => send(item, options, true)}
        >
          {t.uploads.dryRun}
        </Button>
        <Button
          leftSection={
            isReplacing ? <IconReplace size={16} aria-hidden /> : <IconFileImport size={16} aria-hidden />
          }
          disabled={isRefused}
          {...(isReplacing ? { color: 'orange' } : {})}
          onClick={() => send(item, options, false)}
        >
          {isReplacing ? t.uploads.replace : t.uploads.import}
        </Button>
        <Button variant="subtle" color="gray" onClick={() => remove(item.id)}>
          {t.uploads.discard}
        </Button>
      </Group>
    </Stack>
  );
}

/** A share, shown in percent; empty for none. */
function Percent({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}) {
  return (
    <NumberInput
      label={label}
      value={value === null ? '' : value * 100}
      onChange={(percent) => onChange(typeof percent === 'number' ? percent / 100 : null)}
      min={0}
      max={100}
      suffix=" %"
      placeholder={t.uploads.noLimit}
      size="xs"
      w={190}
    />
  );
}
