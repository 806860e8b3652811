import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { pages } from '../api/paths.ts';
import { datamarts } from '../api/queries.ts';
import { t } from '../texts/texts.ts';
import { useDatamartId } from './datamart.ts';

/** Goes to another datamart, to the same kind of page. */
export function DatamartSelect({ onGo = () => undefined }: { readonly onGo?: () => void }) {
  const dm = useDatamartId();
  const { data = [] } = useQuery(datamarts());
  const [path, navigate] = useLocation();
  const area = path.split('/')[1] ?? 'home';
  const go = (id: string | null) => {
    if (id === null) return;
    const to = area === 'settings' ? pages.settings(id) : `/datamarts/${id}/${area}`;
    navigate(`~${to}`);
    onGo();
  };
  return (
    <Select
      aria-label={t.shell.datamart}
      data={data.map(({ id, name }) => ({ value: id, label: name }))}
      value={dm}
      onChange={go}
      allowDeselect={false}
      searchable={data.length > 8}
      size="xs"
      w="100%"
    />
  );
}
