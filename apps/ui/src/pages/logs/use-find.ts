import type { LogRow } from '@sightline/contract';
import { useMemo, useState } from 'react';
import { findLines, stepMatch } from './find-lines.ts';

/** A text that is looked for in the lines that are loaded, and which of its places is marked. */
interface Asked {
  readonly text: string;
  readonly at: number;
}

export interface Find {
  /** Undefined while nobody looks for anything. */
  readonly asked: Asked | undefined;
  readonly begin: () => void;
  readonly toggle: () => void;
  readonly look: (asked: Asked) => void;
  readonly end: () => void;
}

/** Whether somebody looks for a text in the lines. */
export function useFind(): Find {
  const [asked, setAsked] = useState<Asked>();
  const begin = (): void => setAsked({ text: '', at: 0 });
  const end = (): void => setAsked(undefined);
  return { asked, begin, end, look: setAsked, toggle: asked === undefined ? begin : end };
}

export interface Matches {
  /** Places among the rows. */
  readonly matches: readonly number[];
  /** The marked one among them; -1 where there is none. */
  readonly at: number;
  /** What to light up, lower case. */
  readonly words: readonly string[];
  /** What to look for after a step. */
  readonly stepped: (by: 1 | -1) => Asked;
}

/** Where the text stands in `rows`, as far as `columns` show them. */
export function useMatches(
  asked: Asked | undefined,
  rows: readonly LogRow[],
  columns: readonly string[] | undefined,
): Matches {
  const text = asked?.text ?? '';
  const matches = useMemo(() => findLines(rows, text, columns), [rows, text, columns]);
  const words = useMemo(() => [text.trim().toLowerCase()].filter((word) => word !== ''), [text]);
  const at = Math.min(asked?.at ?? 0, matches.length - 1);
  return { matches, at, words, stepped: (by) => ({ text, at: stepMatch(matches.length, at, by) }) };
}
