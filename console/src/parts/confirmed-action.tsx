import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { t } from '../texts/texts.ts';
import { Problem } from './problem.tsx';

/** A button whose action is asked about once more; what the service says of it is waited for. */
export function ConfirmedAction<T>({
  label,
  title,
  text,
  color,
  size = 'xs',
  run,
  onDone,
  children,
  isDisabled = false,
}: {
  readonly label: string;
  readonly title: string;
  readonly text: string;
  readonly color?: string;
  readonly size?: 'xs' | 'compact-xs' | 'sm';
  readonly run: () => Promise<T>;
  readonly onDone: (result: T) => unknown;
  /** What is to be known before, beyond the text. */
  readonly children?: ReactNode;
  readonly isDisabled?: boolean;
}) {
  const [isOpen, { open, close }] = useDisclosure(false);
  const { mutate, error, isPending, reset } = useMutation({
    mutationFn: run,
    onSuccess: async (result) => {
      close();
      await onDone(result);
    },
  });
  const leave = () => {
    reset();
    close();
  };
  return (
    <>
      <Button variant="default" size={size} onClick={open} disabled={isDisabled}>
        {label}
      </Button>
      <Modal
        opened={isOpen}
        onClose={leave}
        title={title}
        size="lg"
        closeButtonProps={{ 'aria-label': t.close }}
      >
        <Stack>
          <Text size="sm">{text}</Text>
          {children}
          {error !== null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={leave} data-autofocus>
              {t.cancel}
            </Button>
            <Button {...(color ? { color } : {})} loading={isPending} onClick={() => mutate()}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
