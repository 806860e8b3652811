import { Anchor, Group, Kbd, Modal, Stack, Table, Text, Title } from '@mantine/core';
import { DOCUMENTATION } from '../api/paths.ts';
import { t } from '../texts/texts.ts';

declare const MUSTER_VERSION: string;

/** The keys, the words, where the documentation is, and the version. */
export default function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={t.help.title}
      size="lg"
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <Stack gap="lg">
        <section>
          <Title order={2} size="h5">
            {t.help.shortcuts}
          </Title>
          <Table fz="sm" verticalSpacing={4} aria-label={t.help.shortcuts}>
            <Table.Tbody>
              {Object.entries(t.help.keys).map(([keys, text]) => (
                <Table.Tr key={keys}>
                  <Table.Td w={120}>
                    <Group gap={4}>
                      {keys.split(' ').map((key) => (
                        <Kbd key={key}>{key}</Kbd>
                      ))}
                    </Group>
                  </Table.Td>
                  <Table.Td>{text}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
        <section>
          <Title order={2} size="h5">
            {t.help.words}
          </Title>
          <dl>
            {Object.values(t.help.terms).map(({ term, text }) => (
              <div key={term}>
                <Text component="dt" size="sm" fw={600}>
                  {term}
                </Text>
                <Text component="dd" size="sm" mb={8}>
                  {text}
                </Text>
              </div>
            ))}
          </dl>
        </section>
        <Group justify="space-between">
          <Group gap="md">
            <Anchor href={DOCUMENTATION} size="sm">
              {t.shell.documentation}
            </Anchor>
            <Anchor href="/docs" size="sm">
              {t.shell.docs}
            </Anchor>
            <Anchor href="/openapi.json" size="sm">
              {t.help.openApi}
            </Anchor>
          </Group>
          <Text size="sm" c="dimmed">
            {t.help.version(MUSTER_VERSION)}
          </Text>
        </Group>
      </Stack>
    </Modal>
  );
}
