import { Group, Stack, Text } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { IconFileUpload, IconUpload, IconX } from '@tabler/icons-react';
import type { DocumentImport } from '../api/types.ts';
import { t } from '../texts/texts.ts';
import { UploadCard } from './upload-card.tsx';
import { useUploads } from './uploads.tsx';

/** Takes files for an import, and shows each of them until it is dismissed. */
export function UploadArea({ documentImport }: { readonly documentImport: DocumentImport }) {
  const { items, add } = useUploads();
  const own = items.filter((item) => item.documentImport.id === documentImport.id);
  return (
    <Stack gap="sm">
      <Dropzone
        onDrop={(files) => add(documentImport, files)}
        multiple
        // the dialog of the page, which every browser has, and which gives the same file twice
        useFsAccessApi={false}
        p="md"
        role="button"
        aria-label={t.uploads.drop}
        inputProps={{ 'aria-label': t.uploads.choose }}
      >
        <Group justify="center" gap="md" mih={56} style={{ pointerEvents: 'none' }}>
          <Dropzone.Accept>
            <IconUpload size={28} aria-hidden />
          </Dropzone.Accept>
          <Dropzone.Reject>
            <IconX size={28} aria-hidden />
          </Dropzone.Reject>
          <Dropzone.Idle>
            <IconFileUpload size={28} aria-hidden />
          </Dropzone.Idle>
          <div>
            <Text fw={500}>{t.uploads.drop}</Text>
            <Text size="sm" c="dimmed">
              {t.uploads.dropHint(t.formats[documentImport.mime_type])}
            </Text>
          </div>
        </Group>
      </Dropzone>
      {own.map((item) => (
        <UploadCard key={item.id} item={item} />
      ))}
    </Stack>
  );
}
