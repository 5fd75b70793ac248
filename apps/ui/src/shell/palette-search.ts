import { shortIssueDigits } from '@sightline/contract';
import type { Icon } from '@tabler/icons-react';
import { readTraceId } from '../records/trace-id.ts';

/** One line of the palette. `hint` says what kind of thing it is. */
export interface Finding {
  readonly title: string;
  readonly hint: string;
  readonly icon: Icon;
  readonly run: () => void;
}

/** Where an id leads. */
export interface IdTarget {
  readonly title: string;
  readonly hint: string;
  readonly path: string;
  readonly search: Readonly<Record<string, string>>;
}

/**
 * The pages that a pasted id may mean: a number an incident, 32 hexadecimal digits a trace, 16 an issue or a trace of 64 bits, `SIGHTLINE-`
 * and digits an issue, any other word with a digit and six or more signs a correlation id. `paths` are the pages that exist; nothing leads elsewhere.
 */
export function idTargets(text: string, paths: ReadonlySet<string>): readonly IdTarget[] {
  const id = text.trim();
  const out: IdTarget[] = [];
  const add = (page: string, path: string, title: string, hint: string, search = {}): void => {
    if (paths.has(page)) out.push({ title, hint, path, search });
  };
  const number = /^#?([1-9]\d{0,11})$/.exec(id)?.[1];
  if (number !== undefined) add('/incidents/:number', `/incidents/${number}`, `Incident #${number}`, 'Incident');
  if (/^[0-9a-f]{16}$/i.test(id)) add('/errors/:issue', `/errors/${id.toLowerCase()}`, `Issue ${id}`, 'Issue');
  const short = shortIssueDigits(id) !== undefined;
  if (short) add('/errors/:issue', `/errors/${id.toUpperCase()}`, `Issue ${id.toUpperCase()}`, 'Issue');
  const trace = readTraceId(id);
  if (trace !== undefined) add('/traces/:id', `/traces/${trace}`, `Trace ${id}`, 'Trace');
  if (!short && /^(?=.*\d)[\w.:-]{6,200}$/.test(id))
    add('/story/:id', `/story/${encodeURIComponent(id)}`, `Story of ${id}`, 'Story');
  if (id.length > 1) add('/logs', '/logs', `Search logs for “${id}”`, 'Logs', { q: id });
  return out;
}

/**
 * What matches, best first: the start of the title, the start of a word, anywhere, then letters in order. Findings
 * that `idTargets` made always match (their title holds the text).
 */
export function findIn<T extends { readonly title: string }>(all: readonly T[], text: string): readonly T[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return all;
  return all
    .map((finding, order) => ({ finding, order, rank: rankOf(finding.title.toLowerCase(), wanted) }))
    .filter((r) => r.rank < 9)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .map((r) => r.finding);
}

function rankOf(title: string, wanted: string): number {
  if (title.startsWith(wanted)) return 0;
  const at = title.indexOf(wanted);
  if (at > 0) return /[\s_-]/.test(title[at - 1] ?? '') ? 1 : 2;
  return inOrder(title, wanted) ? 3 : 9;
}

function inOrder(title: string, wanted: string): boolean {
  let from = 0;
  for (const sign of wanted.replaceAll(/\s/g, '')) {
    const at = title.indexOf(sign, from);
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
}
