import { ActionIcon, Code, CopyButton, Group, ScrollArea, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { t } from '../texts/texts.ts';

/** A line for a terminal, with a button that copies it. */
export function CopyLine({ line }: { readonly line: string }) {
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" w="100%">
      <ScrollArea.Autosize mah={220} style={{ flex: 1, minWidth: 0 }} viewportProps={{ tabIndex: 0 }}>
        <Code block>{line}</Code>
      </ScrollArea.Autosize>
      <CopyButton value={line}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t.copied : t.copy}>
            <ActionIcon variant="default" size="lg" onClick={copy} aria-label={copied ? t.copied : t.copy}>
              {copied ? <IconCheck size={18} /> : <IconCopy size={18} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
