import type { ReactNode } from 'react';
import { compactNumber } from './number-text.ts';
import './states.css';

/** A number with its unit, and its window on hover: `12.4 errors/min`. A dash for null (not known, unlike zero). */
export function NumberWithUnit(props: {
  value: number | null;
  unit: string;
  window?: string;
  digits?: number;
}): ReactNode {
  if (props.value === null)
    return (
      <span className="muted" title="not known">
        –
      </span>
    );
  return (
    <span className="number-unit" title={props.window}>
      {compactNumber(props.value, props.digits)} <small>{props.unit}</small>
    </span>
  );
}
