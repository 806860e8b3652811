import { Button, Kbd } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { t } from '../texts/texts.ts';

/** Opens the search over all pages. */
export function SearchButton({ onOpen }: { readonly onOpen: () => void }) {
  return (
    <Button
      variant="default"
      size="xs"
      onClick={onOpen}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={<Kbd size="xs">{t.shell.searchKey}</Kbd>}
    >
      {t.shell.search}
    </Button>
  );
}
