import { ActionIcon, Button, Kbd } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { t } from '../texts/texts.ts';

/** Opens the search over all pages; an icon alone where there is no room for more. */
export function SearchButton({ onOpen }: { readonly onOpen: () => void }) {
  return (
    <>
      <Button
        variant="default"
        size="xs"
        onClick={onOpen}
        visibleFrom="sm"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={<Kbd size="xs">{t.shell.searchKey}</Kbd>}
      >
        {t.shell.search}
      </Button>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        hiddenFrom="sm"
        aria-label={t.shell.search}
        onClick={onOpen}
      >
        <IconSearch size={18} />
      </ActionIcon>
    </>
  );
}
