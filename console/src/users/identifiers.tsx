import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { userIdentifiers } from '../api/queries.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { IdentifierText } from './identifier-text.tsx';

/** What a user is found by. */
export function Identifiers({ selector }: { readonly selector: string }) {
  const query = useQuery(userIdentifiers(useDatamartId(), selector));
  return (
    <Part title={t.users.identifiers}>
      <Loaded query={query} rows={2}>
        {(identifiers) => (
          <Stack gap={4}>
            {identifiers.map((identifier) => (
              <IdentifierText key={JSON.stringify(identifier)} identifier={identifier} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Part>
  );
}
