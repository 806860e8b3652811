import { Text } from '@mantine/core';
import { t } from '../texts/texts.ts';
import { formatInstant, formatInstantInZone, formatSpan, isoInstant } from './formats.ts';

/** An instant in ms since the epoch in local time; its title names the zone. */
export function Instant({ instant }: { readonly instant: number }) {
  return (
    <time dateTime={isoInstant(instant)} title={formatInstantInZone(instant)}>
      {formatInstant(instant)}
    </time>
  );
}

/**
 * An instant in ms since the epoch as the time since, in whole units; the exact one is its title.
 */
export function Ago({ instant }: { readonly instant: number }) {
  const ago = Date.now() - instant;
  return (
    <Text component="time" size="sm" dateTime={isoInstant(instant)} title={formatInstantInZone(instant)}>
      {ago < 1_000 ? t.units.now : t.units.ago(formatSpan(ago - (ago % 1_000)))}
    </Text>
  );
}

/** How long it is until an instant, `never` for null. */
export function TimeLeft({ until }: { readonly until: number | null }) {
  if (until === null) return <Text size="sm">{t.units.never}</Text>;
  const left = until - Date.now();
  return (
    <Text component="time" size="sm" dateTime={isoInstant(until)} title={formatInstantInZone(until)}>
      {left <= 0 ? t.units.over : formatSpan(left)}
    </Text>
  );
}
