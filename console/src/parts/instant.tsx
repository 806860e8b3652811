import { Text } from '@mantine/core';
import { t } from '../texts/texts.ts';
import { formatInstant, formatSpan, isoInstant } from './formats.ts';

/** An instant in ms since the epoch as the time since; the exact one is its title. */
export function Ago({ instant }: { readonly instant: number }) {
  const ago = Date.now() - instant;
  return (
    <Text component="time" size="sm" dateTime={isoInstant(instant)} title={formatInstant(instant)}>
      {ago < 1_000 ? t.units.now : t.units.ago(formatSpan(ago))}
    </Text>
  );
}

/** How long it is until an instant, `never` for null. */
export function TimeLeft({ until }: { readonly until: number | null }) {
  if (until === null) return <Text size="sm">{t.units.never}</Text>;
  const left = until - Date.now();
  return (
    <Text component="time" size="sm" dateTime={isoInstant(until)} title={formatInstant(until)}>
      {left <= 0 ? t.units.over : formatSpan(left)}
    </Text>
  );
}
