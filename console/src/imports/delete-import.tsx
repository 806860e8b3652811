import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { send } from '../api/client.ts';
import { importsPath, pages } from '../api/paths.ts';
import type { DocumentImport } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { t } from '../texts/texts.ts';

/** Deletes an import, once that is confirmed. */
export function DeleteImport({ of: { id, datamart_id, name } }: { readonly of: DocumentImport }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return (
    <ConfirmedAction
      label={t.imports.delete}
      title={t.imports.deleteTitle(name)}
      text={t.imports.deleteText}
      color="red"
      run={() => send('DELETE', `${importsPath(datamart_id)}/${id}`)}
      onDone={async () => {
        navigate(`~${pages.imports(datamart_id)}`);
        await client.invalidateQueries({ queryKey: ['imports', datamart_id] });
      }}
    />
  );
}
