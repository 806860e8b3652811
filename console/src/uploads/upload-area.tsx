import '@mantine/dropzone/styles.css';
import { Button, Group, Stack, Text } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { IconFileUpload, IconUpload, IconX } from '@tabler/icons-react';
import { useRef } from 'react';
import type { DocumentImport } from '../api/types.ts';
import { t } from '../texts/texts.ts';
import { UploadCard } from './upload-card.tsx';
import { useUploads } from './uploads.tsx';

/** Takes files for an import, and shows each of them until it is dismissed. */
export function UploadArea({ documentImport }: { readonly documentImport: DocumentImport }) {
  const { items, add } = useUploads();
  const openDialog = useRef<() => void>(null);
  const own = items.filter((item) => item.documentImport.id === documentImport.id);
  return (
    <Stack gap="sm">
      <Dropzone
        onDrop={(files) => add(documentImport, files)}
        openRef={openDialog}
        // the button within is what is clicked or has the focus
        activateOnClick={false}
        activateOnKeyboard={false}
        enablePointerEvents
        // the dialog of the page, which every browser has, and which gives the same file twice
        useFsAccessApi={false}
        multiple
        p="md"
        inputProps={{ 'aria-label': t.uploads.choose }}
      >
        <Group justify="center" gap="md" mih={56}>
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
              {documentImport.mime_type === 'APPLICATION_PARQUET'
                ? t.uploads.dropParquet
                : t.uploads.dropHint(t.formats[documentImport.mime_type])}
            </Text>
          </div>
          <Button variant="default" onClick={() => openDialog.current?.()}>
            {t.uploads.chooseFiles}
          </Button>
        </Group>
      </Dropzone>
      {own.map((item) => (
        <UploadCard key={item.id} item={item} />
      ))}
    </Stack>
  );
}
