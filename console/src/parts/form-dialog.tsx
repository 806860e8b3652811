import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { t } from '../texts/texts.ts';
import { CopyLine } from './copy-line.tsx';
import { Problem } from './problem.tsx';

/** A value that the service tells once, such as the secret of a webhook. */
export type ShownOnce = { readonly title: string; readonly text: string; readonly value: string };

/** A form in a dialog: its fields, why the service refused them, and the button that sends them. */
export function FormDialog({
  title,
  submitLabel,
  isComplete,
  mutation: { mutate, error, isPending },
  shownOnce,
  size,
  isOpen,
  onClose,
  children,
}: {
  readonly title: string;
  readonly submitLabel: string;
  /** Whether all is filled in that has to be. */
  readonly isComplete: boolean;
  readonly mutation: {
    readonly mutate: () => void;
    readonly error: Error | null;
    readonly isPending: boolean;
  };
  /** What came of it, shown in place of the form. */
  readonly shownOnce?: ShownOnce | undefined;
  /** Of the dialog, where it holds more than fields. */
  readonly size?: 'xl';
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  // a slip of the finger on Escape would lose for good what is shown once, and what has just been
  // asked for
  const isEasilyClosed = !isPending && shownOnce === undefined;
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={title}
      size={size ?? 'md'}
      closeOnClickOutside={isEasilyClosed}
      closeOnEscape={isEasilyClosed}
      withCloseButton={isEasilyClosed}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {shownOnce === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            {children}
            {error !== null && <Problem error={error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t.cancel}
              </Button>
              <Button type="submit" loading={isPending} disabled={!isComplete}>
                {submitLabel}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Alert color="yellow" title={shownOnce.title}>
            {shownOnce.text}
          </Alert>
          <CopyLine line={shownOnce.value} />
          <Button onClick={onClose}>{t.close}</Button>
        </Stack>
      )}
    </Modal>
  );
}
