import { LruCache } from '@sightline/base';
import { culpritOf, symbolicateStored } from '@sightline/ingest/source-maps';
import { readNewestStacks, type IssueRow, type MergedIssues } from '@sightline/query';
import type { ApiDeps, CallContext } from '../route.ts';

/** A place in a script, which a source map may tell the origin of. */
const inScript = /\.(?:[cm]?js|bundle|hbc)\)?$/i;
const keptAnswers = 10_000;
/** So soon is an upload seen that came after its issue. */
const answersKeptMs = 20_000;
/** Of one list. What is beyond them is looked up when the list is asked for again. */
const mostLookUps = 20;

/** By issue and the culprit it had; '' where no map tells another. */
const answersOf = new WeakMap<ApiDeps, LruCache<string, string>>();

/**
 * Issues whose source maps may have come after them, with the culprit that the maps tell: of their newest event, at most 20 looked up at a time
 * and remembered for 20 s. An issue stays as it is where nothing else is found, or the look-up fails.
 */
export async function withLateCulprits<Row extends Pick<IssueRow, 'issue' | 'culprit' | 'lastSeenAt'>>(
  rows: readonly Row[],
  asked: { readonly merged: MergedIssues; readonly boundTo?: string | undefined },
  { deps, caller: { organisation }, signal }: Pick<CallContext, 'deps' | 'caller' | 'signal'>,
): Promise<Row[]> {
  const { files, store, clock, logger } = deps;
  if (!files) return [...rows];
  const answers = answersOf.get(deps) ?? new LruCache<string, string>(keptAnswers, answersKeptMs, clock);
  answersOf.set(deps, answers);
  const key = ({ issue, culprit }: Row): string => JSON.stringify([organisation, asked.boundTo ?? '', issue, culprit]);
  const open = rows
    .filter((row) => inScript.test(row.culprit) && answers.get(key(row)) === undefined)
    .slice(0, mostLookUps);
  try {
    const issues = { organisation, issues: open, merged: asked.merged, boundTo: asked.boundTo };
    const stacks = await readNewestStacks(store, issues, { signal });
    for (const row of open) answers.set(key(row), '');
    for (const { issue, release, dist, exceptions } of stacks) {
      const row = open.find((one) => one.issue === issue);
      if (!row) continue;
      const read = await symbolicateStored(exceptions, files.sourceMaps, { organisation, release, dist });
      if (read.changed) answers.set(key(row), culpritOf(read.exceptions[0]?.frames ?? [], row.culprit));
    }
  } catch (error) {
    // The list is worth more than its names.
    logger.warn('source maps could not be looked up for issues', { error });
  }
  return rows.map((row) => ({ ...row, culprit: answers.get(key(row)) || row.culprit }));
}
