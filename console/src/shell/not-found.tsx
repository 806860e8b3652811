import { Anchor, Center, EmptyState } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { Link } from 'wouter';
import { t } from '../texts/texts.ts';

/** No page has this path. */
export function NotFound() {
  return (
    <Center mih="50vh">
      <EmptyState title={t.notFound.title} description={t.notFound.text} icon={<IconMapOff />}>
        <Anchor component={Link} href="~/">
          {t.notFound.home}
        </Anchor>
      </EmptyState>
    </Center>
  );
}
