import { NativeSelect, SegmentedControl, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useLocation } from 'wouter';
import { send } from '../api/client.ts';
import { importsPath, pages } from '../api/paths.ts';
import { imports } from '../api/queries.ts';
import type { DocumentImport } from '../api/types.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

type NewImport = Pick<DocumentImport, 'name' | 'mime_type' | 'priority' | 'mapping'>;
/** It brings the parsers of files along, which nothing else here needs. */
const SampleMapping = lazy(() => import('../mapping/sample-mapping.tsx'));
const EMPTY: NewImport = { name: '', mime_type: 'APPLICATION_X_NDJSON', priority: 'MEDIUM' };

/** Makes an import in a dialog, and goes to it, where files can be dropped. */
export function CreateImport({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const dm = useDatamartId();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [wanted, setWanted] = useState(EMPTY);
  const { data: others = [] } = useQuery({ ...imports(dm), enabled: isOpen });
  const isNameTaken = others.some(({ name }) => name === wanted.name.trim());
  const mutation = useMutation({
    mutationFn: () =>
      send<DocumentImport>('POST', importsPath(dm), {
        ...wanted,
        name: wanted.name.trim(),
        document_type: 'USER_SEGMENT',
      }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ['imports', dm] });
      onClose();
      navigate(`~${pages.import(dm, id)}`);
    },
  });
  return (
    <FormDialog
      title={t.imports.create}
      size="xl"
      submitLabel={t.imports.createIt}
      isComplete={wanted.name.trim() !== ''}
      mutation={mutation}
      isOpen={isOpen}
      onClose={onClose}
    >
      <TextInput
        label={t.imports.name}
        description={
          isNameTaken ? (
            <Text span inherit c="orange.9">
              {t.imports.nameTaken}
            </Text>
          ) : (
            t.imports.nameHint
          )
        }
        value={wanted.name}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, name: value })}
        maxLength={255}
        data-autofocus
        required
      />
      <div>
        <Text size="sm" fw={500} id="import-format">
          {t.imports.format}
        </Text>
        <SegmentedControl
          aria-labelledby="import-format"
          data={(['APPLICATION_X_NDJSON', 'TEXT_CSV', 'APPLICATION_PARQUET'] as const).map((value) => ({
            value,
            label: t.formats[value],
          }))}
          value={wanted.mime_type}
          onChange={(value) => setWanted({ ...wanted, mime_type: value as NewImport['mime_type'] })}
        />
      </div>
      <NativeSelect
        label={t.imports.priority}
        description={t.imports.priorityHint}
        data={(['LOW', 'MEDIUM', 'HIGH'] as const).map((value) => ({
          value,
          label: t.priorities[value],
        }))}
        value={wanted.priority}
        onChange={({ currentTarget: { value } }) =>
          setWanted({ ...wanted, priority: value as NewImport['priority'] })
        }
      />
      <Suspense fallback={null}>
        <SampleMapping
          onChange={(sample) =>
            setWanted(({ mapping: _, ...rest }) =>
              sample === null
                ? rest
                : {
                    ...rest,
                    mime_type: sample.mimeType,
                    ...(sample.mapping === null ? {} : { mapping: sample.mapping }),
                  },
            )
          }
        />
      </Suspense>
    </FormDialog>
  );
}
