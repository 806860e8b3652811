import { Code, Text } from '@mantine/core';
import type { UserIdentifier } from '../api/types.ts';
import { t } from '../texts/texts.ts';

/** The value of an identifier, whatever its kind. */
export function valueOfIdentifier({
  user_account_id,
  hash,
  vector_id,
  user_point_id,
}: UserIdentifier): string {
  return user_account_id ?? hash ?? vector_id ?? user_point_id ?? '';
}

/** An identifier with its kind, and the compartment of an account. */
export function IdentifierText({ identifier }: { readonly identifier: UserIdentifier }) {
  const { type, compartment_id } = identifier;
  return (
    <Text size="sm" component="div">
      {t.identifiers[type]} <Code>{valueOfIdentifier(identifier)}</Code>
      {compartment_id === undefined ? '' : ` ${t.users.inCompartment(compartment_id)}`}
    </Text>
  );
}
