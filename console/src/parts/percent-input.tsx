import { NumberInput } from '@mantine/core';
import { decimalSign } from './formats.ts';

/** A share, shown in percent; empty for null, which `placeholder` explains. */
export function PercentInput({
  label,
  value,
  placeholder,
  onChange,
}: {
  readonly label: string;
  readonly value: number | null;
  readonly placeholder: string;
  readonly onChange: (value: number | null) => void;
}) {
  return (
    <NumberInput
      label={label}
      value={value === null ? '' : percentOf(value)}
      onChange={(percent) => onChange(typeof percent === 'number' ? percent / 100 : null)}
      min={0}
      max={100}
      suffix=" %"
      decimalSeparator={decimalSign()}
      placeholder={placeholder}
      size="xs"
      w={300}
      maw="100%"
    />
  );
}

/** Without what the multiplication adds behind: 0.07 is 7 %, not 7.000000000000001 %. */
function percentOf(share: number): number {
  return Number((share * 100).toFixed(6));
}
