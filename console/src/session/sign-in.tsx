import {
  Alert,
  Button,
  Center,
  Checkbox,
  Group,
  Image,
  Paper,
  PasswordInput,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import icon from '../icon.svg';
import { LanguageLinks } from '../language/language-links.tsx';
import { CopyLine } from '../parts/copy-line.tsx';
import { t } from '../texts/texts.ts';

/** Asks for an API token. */
export function SignIn({
  wasRefused,
  onToken,
}: {
  readonly wasRefused: boolean;
  readonly onToken: (token: string, until: 'TAB_CLOSES' | 'PAGE_RELOADS') => void;
}) {
  const [token, setToken] = useState('');
  const [isKept, setKept] = useState(true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== '') onToken(token.trim(), isKept ? 'TAB_CLOSES' : 'PAGE_RELOADS');
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper component="form" withBorder p="xl" w="100%" maw={440} onSubmit={submit}>
        <Stack>
          <Group gap="sm">
            <Image src={icon} alt="" w={32} h={32} />
            <Title order={1} size="h3">
              {t.signIn.title}
            </Title>
          </Group>
          {wasRefused && (
            <Alert color="red" role="alert" title={t.signIn.refusedTitle}>
              {t.signIn.refused}
            </Alert>
          )}
          <PasswordInput
            label={t.signIn.token}
            description={t.signIn.tokenHint}
            value={token}
            onChange={({ currentTarget }) => setToken(currentTarget.value)}
            autoComplete="current-password"
            data-autofocus
            autoFocus
            required
          />
          <Checkbox
            label={t.signIn.keep}
            description={t.signIn.keepHint}
            checked={isKept}
            onChange={({ currentTarget }) => setKept(currentTarget.checked)}
          />
          <Button type="submit" disabled={token.trim() === ''}>
            {t.signIn.submit}
          </Button>
          <Text size="sm" c="dimmed">
            {t.signIn.none}
          </Text>
          <CopyLine line={t.signIn.make} />
          <LanguageLinks />
        </Stack>
      </Paper>
    </Center>
  );
}
