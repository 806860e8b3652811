import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { call, withQuery } from '../api/client.ts';
import { downloadFile, saveAs } from '../api/download.ts';
import type { Execution } from '../api/types.ts';
import { lineOf } from '../parts/problem.tsx';
import { t } from '../texts/texts.ts';
import { retryNameOf } from './resend.ts';

/**
 * The files of an execution: what was sent, what failed, and what failed as it was sent, to be
 * corrected.
 */
export function Downloads({ execution }: { readonly execution: Execution }) {
  const { input_file_uri: input, input_file_name: name, error_file_uri: errors } = execution.result;
  const { mutate, isPending } = useMutation({
    mutationFn: (work: () => Promise<void>) => work(),
    onError: (error) => notifications.show({ color: 'red', message: lineOf(error) }),
  });
  if (execution.job_type === 'REVERT') return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          loading={isPending}
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          {t.downloads.title}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => mutate(() => downloadFile(input))}>{t.downloads.input}</Menu.Item>
        {errors !== undefined && (
          <>
            <Menu.Item onClick={() => mutate(() => downloadFile(errors))}>{t.downloads.errors}</Menu.Item>
            <Menu.Item onClick={() => mutate(() => saveRetryFile(errors, name))}>
              {t.downloads.retry}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

async function saveRetryFile(errors: string, inputName: string): Promise<void> {
  const [{ retryFileOf }, response] = await Promise.all([
    import('./retry-file.ts'),
    call(withQuery('/v1/data_file/data', { uri: errors }), { patienceMs: 3_600_000 }),
  ]);
  saveAs(new Blob([retryFileOf(await response.text())]), retryNameOf(inputName));
}
