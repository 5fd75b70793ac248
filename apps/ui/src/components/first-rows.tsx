import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { counted } from './number-text.ts';

/**
 * The first rows of a list, and what stands below them: how many more there are, with a button that shows further ones. A page that draws
 * thousands of rows at once stands still for seconds.
 */
export function useFirstRows<Row>(
  rows: readonly Row[],
  {
    atOnce,
    one,
    many = `${one}s`,
    hint = '',
  }: { readonly atOnce: number; readonly one: string; readonly many?: string; readonly hint?: string },
): { readonly first: readonly Row[]; readonly rest: ReactNode } {
  const [times, setTimes] = useState(1);
  const left = rows.length - times * atOnce;
  if (left <= 0) return { first: rows, rest: null };
  return {
    first: rows.slice(0, times * atOnce),
    rest: (
      <p className="row muted">
        <span>
          {counted(left, `more ${one}`, `more ${many}`)}
          {hint}
        </span>
        <Button variant="default" size="compact-xs" onClick={() => setTimes(times + 1)}>
          Show {Math.min(left, atOnce).toLocaleString('en-US')} more
        </Button>
      </p>
    ),
  };
}
