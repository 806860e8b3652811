import { Button, Checkbox, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFileImport, IconReplace, IconTestPipe } from '@tabler/icons-react';
import { useState } from 'react';
import type { Execution } from '../api/types.ts';
import type { ImportOptions } from '../api/upload.ts';
import { t } from '../texts/texts.ts';
import { guarded, REPLACE_GUARDS } from './guards.ts';
import { GuardFields, ReplaceDialog } from './replace-dialog.tsx';
import { type UploadItem, useUploads } from './uploads.tsx';

/** What is chosen at first for each of what a file can do. */
const FIRST: Readonly<Record<ImportOptions['mode'], ImportOptions>> = {
  APPLY: { mode: 'APPLY', maxFailureRatio: null, maxShrinkRatio: null, createMissingSegments: false },
  REPLACE: { mode: 'REPLACE', ...REPLACE_GUARDS, createMissingSegments: false },
};

/** How a file is to be imported, and the buttons that do it. */
export function SendOptions({
  item,
  initial = FIRST.APPLY,
  isRefused = false,
  seen = null,
}: {
  readonly item: UploadItem;
  readonly initial?: ImportOptions;
  /** The service would not take the file. */
  readonly isRefused?: boolean;
  /** A dry run of the file that is shown beside. */
  readonly seen?: Execution | null;
}) {
  const { send, remove } = useUploads();
  // kept for each mode, so that the guards of one do not become those of the other
  const [chosen, setChosen] = useState({ ...FIRST, [initial.mode]: initial });
  const [mode, setMode] = useState(initial.mode);
  const [isAsking, asking] = useDisclosure(false);
  const options = chosen[mode];
  const setOptions = (changed: ImportOptions) => setChosen({ ...chosen, [mode]: changed });
  const isReplacing = mode === 'REPLACE';
  // of the file, whichever it does
  const setCreates = (createMissingSegments: boolean) =>
    setChosen({
      APPLY: { ...chosen.APPLY, createMissingSegments },
      REPLACE: { ...chosen.REPLACE, createMissingSegments },
    });
  return (
    <Stack gap="xs">
      <Group align="flex-end" gap="md">
        <SegmentedControl
          aria-label={t.uploads.mode}
          data={[
            { value: 'APPLY', label: t.uploads.modes.APPLY },
            { value: 'REPLACE', label: t.uploads.modes.REPLACE },
          ]}
          value={mode}
          onChange={(value) => setMode(value as ImportOptions['mode'])}
        />
        <GuardFields options={options} onChange={setOptions} />
      </Group>
      <Text size="sm" c="dimmed">
        {t.uploads.modeHints[mode]}
      </Text>
      <Checkbox
        size="sm"
        label={t.uploads.createMissingSegments}
        checked={options.createMissingSegments}
        onChange={({ currentTarget }) => setCreates(currentTarget.checked)}
      />
      <Group gap="xs">
        <Button
          leftSection={<IconTestPipe size={16} aria-hidden />}
          variant="default"
          disabled={isRefused}
          onClick={() => send(item, guarded(options), true)}
        >
          {t.uploads.dryRun}
        </Button>
        <Button
          leftSection={
            isReplacing ? <IconReplace size={16} aria-hidden /> : <IconFileImport size={16} aria-hidden />
          }
          disabled={isRefused}
          {...(isReplacing ? { color: 'orange' } : {})}
          onClick={isReplacing ? asking.open : () => send(item, options, false)}
        >
          {isReplacing ? t.uploads.replaceAfterAsking : t.uploads.import}
        </Button>
        <Button variant="subtle" color="gray" onClick={() => remove(item.id)}>
          {t.uploads.discard}
        </Button>
      </Group>
      {isAsking && (
        <ReplaceDialog
          item={item}
          options={options}
          seen={seen}
          onClose={asking.close}
          onReplace={(confirmed) => {
            asking.close();
            send(item, confirmed, false);
          }}
        />
      )}
    </Stack>
  );
}
