import { Progress, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { forecast } from '../api/queries.ts';
import { formatInstant, formatNumber, formatShare } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { t } from '../texts/texts.ts';

/** How many members leave by themselves, and by when. */
export function ForecastPart({ segmentId }: { readonly segmentId: string }) {
  const query = useQuery(forecast(segmentId));
  return (
    <Part title={t.forecast.title}>
      <Loaded query={query} rows={4}>
        {({ expirations, user_points_count: all }) => (
          <Table fz="sm" maw={720} aria-label={t.forecast.title}>
            <Table.Tbody>
              {expirations.map(({ days, until, user_points_count: leaving }) => (
                <Table.Tr key={days}>
                  <Table.Th scope="row" fw={400} title={formatInstant(until)}>
                    {t.forecast.within(days)}
                  </Table.Th>
                  <Table.Td ta="end">{formatNumber(leaving)}</Table.Td>
                  <Table.Td ta="end">{formatShare(leaving, all)}</Table.Td>
                  <Table.Td w="40%">
                    <Progress
                      value={all === 0 ? 0 : (leaving * 100) / all}
                      aria-label={t.forecast.within(days)}
                    />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Loaded>
    </Part>
  );
}
