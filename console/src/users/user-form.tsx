import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { compartments } from '../api/queries.ts';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const KINDS = ['user_account_id', 'email_hash', 'user_agent_id', 'user_point_id'] as const;
type Kind = (typeof KINDS)[number];

/** Names a user by any identifier. */
export function UserForm({
  selector,
  onLookUp,
}: {
  /** The one that is shown, as the API writes it. */
  readonly selector: string | null;
  readonly onLookUp: (selector: string) => void;
}) {
  const { data: selections = [] } = useQuery(compartments(useDatamartId()));
  const [asked, setAsked] = useState(() => parse(selector ?? ''));
  const { kind, value, compartment } = asked;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (value === '') return;
    const within = kind === 'user_account_id' && compartment !== '' ? `compartment_id=${compartment},` : '';
    onLookUp(`${within}${kind}=${value}`);
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <NativeSelect
          label={t.users.by}
          data={KINDS.map((name) => ({ value: name, label: t.users.kinds[name] }))}
          value={kind}
          onChange={({ currentTarget }) => setAsked({ ...asked, kind: currentTarget.value as Kind })}
        />
        <TextInput
          label={t.users.value}
          value={value}
          onChange={({ currentTarget }) => setAsked({ ...asked, value: currentTarget.value })}
          w={320}
          autoFocus
          required
        />
        {kind === 'user_account_id' && selections.length > 1 && (
          <NativeSelect
            label={t.users.compartment}
            data={[
              { value: '', label: t.users.defaultCompartment },
              ...selections.map(({ compartment_id, name }) => ({ value: compartment_id, label: name })),
            ]}
            value={compartment}
            onChange={({ currentTarget }) => setAsked({ ...asked, compartment: currentTarget.value })}
          />
        )}
        <Button type="submit" leftSection={<IconSearch size={16} aria-hidden />}>
          {t.users.lookUp}
        </Button>
      </Group>
    </form>
  );
}

function parse(selector: string): { kind: Kind; value: string; compartment: string } {
  const [, compartment = '', rest = ''] = /^(?:compartment_id=(\d+),)?(.*)$/s.exec(selector) ?? [];
  const kind = KINDS.find((name) => rest.startsWith(`${name}=`)) ?? 'user_account_id';
  return { kind, value: rest.slice(rest.indexOf('=') + 1), compartment };
}
