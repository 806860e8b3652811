import {
  ActionIcon,
  Group,
  Menu,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { IconBook, IconBooks, IconHelp, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react';
import { DOCUMENTATION } from '../api/paths.ts';
import { LanguageItems } from '../language/language-items.tsx';
import { useSession } from '../session/session.tsx';
import { t } from '../texts/texts.ts';

/** Light or dark, whose token it is, which language, and how to leave. */
export function SessionMenu({ onHelp }: { readonly onHelp: () => void }) {
  const { token, signOut } = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  const other = isDark ? t.shell.light : t.shell.dark;
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label={other}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={other}
          onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
        >
          {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t.shell.session}>
            <IconUser size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <Text size="sm" fw={600} c="var(--mantine-color-text)">
              {token.name}
            </Text>
            {t.shell.role(t.roles[token.role], token.datamart_ids === null)}
          </Menu.Label>
          <Menu.Divider />
          <LanguageItems />
          <Menu.Divider />
          <Menu.Item onClick={onHelp} leftSection={<IconHelp size={16} aria-hidden />}>
            {t.help.title}
          </Menu.Item>
          <Menu.Item component="a" href={DOCUMENTATION} leftSection={<IconBooks size={16} aria-hidden />}>
            {t.shell.documentation}
          </Menu.Item>
          <Menu.Item component="a" href="/docs" leftSection={<IconBook size={16} aria-hidden />}>
            {t.shell.docs}
          </Menu.Item>
          <Menu.Item onClick={signOut} leftSection={<IconLogout size={16} aria-hidden />}>
            {t.shell.signOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
