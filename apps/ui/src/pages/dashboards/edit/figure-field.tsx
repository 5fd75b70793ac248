import { NumberInput } from '@mantine/core';
import type { ReactNode } from 'react';

/** A figure that may be left out; null is none. `w`: width, px. */
export function FigureField(props: {
  readonly label: string;
  readonly w: number;
  readonly min?: number;
  readonly max?: number;
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}): ReactNode {
  const { value, onChange, ...look } = props;
  return (
    <NumberInput
      size="xs"
      {...look}
      value={value ?? ''}
      onChange={(next) => onChange(typeof next === 'number' ? next : null)}
    />
  );
}
