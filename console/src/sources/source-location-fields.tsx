import { NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { textOf } from '../parts/text-of.ts';
import { t } from '../texts/texts.ts';
import {
  CREDENTIAL_FIELDS,
  type CredentialField,
  isRequired,
  LOCATION_FIELDS,
  type LocationField,
  type SourceDraft,
} from './source-draft.ts';

/** Texts of several lines: certificates and keys. */
const LONG: ReadonlySet<string> = new Set(['ca', 'private_key']);
/** Names that no secret is behind. */
const PLAIN: ReadonlySet<string> = new Set(['user', 'access_key_id']);

/** Where the files are, and what the service identifies itself by there. */
export function SourceLocationFields({
  draft,
  change,
  hasCredentials,
}: {
  readonly draft: SourceDraft;
  readonly change: (changed: Partial<SourceDraft>) => void;
  readonly hasCredentials: boolean;
}) {
  const { kind, location, credentials, kept } = draft;
  const secrets: readonly CredentialField[] = CREDENTIAL_FIELDS[kind];
  return (
    <Stack gap="sm">
      {LOCATION_FIELDS[kind].map((name: LocationField) => (
        <Field
          key={name}
          name={name}
          label={t.sources.fields[name]}
          description={textOf(t.sources.fieldHints[kind], name)}
          value={location[name] ?? ''}
          isRequired={isRequired(kind, name)}
          onChange={(value) => change({ location: { ...location, [name]: value } })}
        />
      ))}
      {secrets.length > 0 && hasCredentials && (
        <NativeSelect
          label={t.sources.credentials}
          description={t.sources.credentialsHint}
          data={(['KEEP', 'NEW', 'NONE'] as const).map((value) => ({ value, label: t.sources.kept[value] }))}
          value={kept}
          onChange={({ currentTarget: { value } }) => change({ kept: value as SourceDraft['kept'] })}
        />
      )}
      {secrets.length > 0 && !hasCredentials && (
        <Text size="sm" c="dimmed">
          {t.sources.credentialsHint}
        </Text>
      )}
      {kept === 'NEW' &&
        secrets.map((name) => (
          <Field
            key={name}
            name={name}
            label={t.sources.secrets[name]}
            value={credentials[name] ?? ''}
            isSecret={!PLAIN.has(name)}
            onChange={(value) => change({ credentials: { ...credentials, [name]: value } })}
          />
        ))}
    </Stack>
  );
}

function Field({
  name,
  label,
  description,
  value,
  isRequired: required = false,
  isSecret = false,
  onChange,
}: {
  readonly name: string;
  readonly label: string;
  readonly description?: string | undefined;
  readonly value: string;
  readonly isRequired?: boolean;
  readonly isSecret?: boolean;
  readonly onChange: (value: string) => void;
}) {
  const shared = { label, description, value, required, spellCheck: false };
  if (LONG.has(name))
    return (
      <Textarea
        {...shared}
        minRows={2}
        maxRows={6}
        autosize
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    );
  return (
    <TextInput
      {...shared}
      type={isSecret ? 'password' : 'text'}
      // what is typed here is for the service, and not for this browser to keep
      autoComplete={isSecret ? 'new-password' : 'off'}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
