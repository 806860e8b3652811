import { Center, Skeleton, Stack } from '@mantine/core';
import { t } from '../texts/texts.ts';

/**
 * Stands where an answer is waited for; the wait ends with the answer, or with a problem after a
 * minute.
 */
export function Loading({
  isWholePage = false,
  rows = 5,
}: {
  readonly isWholePage?: boolean;
  readonly rows?: number;
}) {
  const lines = (
    <Stack gap="xs" role="status" aria-label={t.loading} w="100%">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={row} h={28} />
      ))}
    </Stack>
  );
  return isWholePage ? (
    <Center component="main" mih="100vh" p="xl">
      {lines}
    </Center>
  ) : (
    lines
  );
}
