import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

/** A text that a list is searched by, once the typing rests. */
export function SearchInput({
  label,
  value,
  restMs,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly restMs: number;
  readonly onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const search = useDebouncedCallback(onChange, restMs);
  return (
    <TextInput
      type="search"
      data-search
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
        search(currentTarget.value);
      }}
      w={260}
      maw="100%"
    />
  );
}
