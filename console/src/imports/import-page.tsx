import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { pages } from '../api/paths.ts';
import { documentImport, importExecutions } from '../api/queries.ts';
import { hasEnded } from '../api/use-execution.ts';
import { ExecutionsTable } from '../executions/executions-table.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page, Part } from '../parts/page.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { SourcePart } from '../sources/source-part.tsx';
import { t } from '../texts/texts.ts';
import { UploadArea } from '../uploads/upload-area.tsx';
import { DeleteImport } from './delete-import.tsx';
import { ExpectedPart } from './expected-part.tsx';

const ASK_MS = 3_000;
const PAGE = 50;

/** One import: what comes in, and what has come in. */
export default function ImportPage({ id }: { readonly id: string }) {
  const dm = useDatamartId();
  const { may } = useSession();
  const [most, setMost] = useState(PAGE);
  const query = useQuery(documentImport(dm, id));
  const executions = useQuery({
    ...importExecutions(dm, id, most),
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => (state.data?.data.some((of) => !hasEnded(of)) ? ASK_MS : false),
  });
  return (
    <Loaded query={query}>
      {(of) => (
        <Page
          title={of.name}
          crumbs={[{ label: t.imports.title, to: pages.imports(dm) }]}
          subtitle={t.imports.about(of.id, t.formats[of.mime_type], t.priorities[of.priority])}
          actions={may('editor') && <DeleteImport of={of} />}
        >
          {may('editor') && <UploadArea documentImport={of} />}
          {may('editor') && <SourcePart of={of} />}
          <ExpectedPart of={of} mayEdit={may('editor')} />
          <Part title={t.executions.title}>
            <Loaded query={executions}>
              {({ data, total }) => (
                <>
                  {data.length === 0 ? (
                    <Text size="sm" c="dimmed">
                      {t.executions.none}
                    </Text>
                  ) : (
                    <ExecutionsTable executions={data} />
                  )}
                  {data.length < total && (
                    <Button variant="default" onClick={() => setMost(Math.min(1_000, most * 4))}>
                      {t.executions.more(formatNumber(total - data.length))}
                    </Button>
                  )}
                </>
              )}
            </Loaded>
          </Part>
        </Page>
      )}
    </Loaded>
  );
}
