import { ActionIcon, Button } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { Link } from 'wouter';
import { pages } from '../api/paths.ts';
import { t } from '../texts/texts.ts';
import { useUploads } from './uploads.tsx';

/** Leads back to a file that is being sent, from wherever one is. */
export function UploadsLink() {
  const { items } = useUploads();
  const sending = items.filter(({ stage }) => stage.at === 'SENDING');
  const [first] = sending;
  if (first === undefined) return null;
  const { datamart_id, id } = first.documentImport;
  const to = `~${pages.import(datamart_id, id)}`;
  const text = t.uploads.sending(sending.length);
  return (
    <>
      <Button
        component={Link}
        href={to}
        size="xs"
        variant="light"
        visibleFrom="sm"
        leftSection={<IconUpload size={14} aria-hidden />}
      >
        {text}
      </Button>
      <ActionIcon component={Link} href={to} size="lg" variant="light" hiddenFrom="sm" aria-label={text}>
        <IconUpload size={18} />
      </ActionIcon>
    </>
  );
}
