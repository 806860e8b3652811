import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { DocumentImport, Execution } from '../api/types.ts';
import { type ImportOptions, importTarget, uploadFile } from '../api/upload.ts';

/**
 * A file that was dropped, from its preview to its execution. It lives as long as the page is not
 * loaded again.
 */
export type UploadItem = {
  readonly id: string;
  readonly file: File;
  readonly documentImport: DocumentImport;
  readonly stage:
    | { readonly at: 'PREVIEW' }
    | { readonly at: 'SENDING'; readonly dryRun: boolean; readonly sent: number; readonly startedAt: number }
    | { readonly at: 'SENT'; readonly dryRun: boolean; readonly execution: Execution }
    | { readonly at: 'REFUSED'; readonly error: unknown };
};

export type Uploads = {
  readonly items: readonly UploadItem[];
  readonly add: (documentImport: DocumentImport, files: readonly File[]) => void;
  /** Sends a file; `dryRun` changes nothing and can be followed by a send that does. */
  readonly send: (item: UploadItem, options: ImportOptions, dryRun: boolean) => void;
  readonly back: (id: string) => void;
  /** Stops sending, if it is being sent, and forgets it here. Its execution is not touched. */
  readonly remove: (id: string) => void;
};

const UploadsContext = createContext<Uploads | null>(null);

export function useUploads(): Uploads {
  const uploads = useContext(UploadsContext);
  if (uploads === null) throw new Error('there are no uploads outside of UploadsProvider');
  return uploads;
}

/** Keeps uploads going while other pages are looked at. */
export function UploadsProvider({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [items, setItems] = useState<readonly UploadItem[]>([]);
  const sending = useRef(new Map<string, AbortController>());

  const setStage = useCallback((id: string, stage: UploadItem['stage']) => {
    setItems((all) => all.map((item) => (item.id === id ? { ...item, stage } : item)));
  }, []);

  const send = useCallback<Uploads['send']>(
    ({ id, file, documentImport }, options, dryRun) => {
      const leaving = new AbortController();
      sending.current.set(id, leaving);
      const startedAt = Date.now();
      const onSent = (sent: number) => setStage(id, { at: 'SENDING', dryRun, sent, startedAt });
      onSent(0);
      const target = importTarget(documentImport);
      const upload = { file, target, options, dryRun, key: crypto.randomUUID(), onSent };
      uploadFile({ ...upload, signal: leaving.signal })
        .then((execution) => {
          setStage(id, { at: 'SENT', dryRun, execution });
          return client.invalidateQueries({ queryKey: ['executions'] });
        })
        .catch((error: unknown) => {
          if (!leaving.signal.aborted) setStage(id, { at: 'REFUSED', error });
        })
        .finally(() => sending.current.delete(id));
    },
    [client, setStage],
  );

  const uploads = useMemo<Uploads>(
    () => ({
      items,
      send,
      add: (documentImport, files) =>
        setItems((all) => [
          ...files.map((file) => ({
            ...{ id: newId(), file, documentImport },
            stage: { at: 'PREVIEW' as const },
          })),
          ...all,
        ]),
      back: (id) => setStage(id, { at: 'PREVIEW' }),
      remove: (id) => {
        sending.current.get(id)?.abort();
        setItems((all) => all.filter((item) => item.id !== id));
      },
    }),
    [items, send, setStage],
  );

  const isSending = items.some(({ stage }) => stage.at === 'SENDING');
  useEffect(() => {
    if (!isSending) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isSending]);

  return <UploadsContext value={uploads}>{children}</UploadsContext>;
}

let made = 0;
function newId(): string {
  made += 1;
  return `upload-${made}`;
}
