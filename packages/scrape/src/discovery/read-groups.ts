import { fail, ok, type Result } from '@sightline/base';
import type { TargetGroup } from '../config/scrape-job.ts';

/** Targets of one file or answer. */
const targetsLimit = 20_000;

/** Reads `[{"targets": ["host:port"], "labels": {"name": "value"}}]`, the form that files and HTTP discovery share. */
export function readGroups(
  content: unknown,
  source: string,
  meta: readonly (readonly [string, string])[],
): Result<readonly TargetGroup[], string> {
  if (content === null || content === undefined) return ok([]);
  if (!Array.isArray(content)) return fail(`${source} holds no list of target groups`);
  const groups: TargetGroup[] = [];
  let count = 0;
  for (const [n, entry] of content.entries()) {
    const { targets = [], labels = {} } = (entry ?? {}) as { targets?: unknown; labels?: unknown };
    if (!Array.isArray(targets) || targets.some((target) => typeof target !== 'string'))
      return fail(`${source}: the targets of group ${n} are no list of texts`);
    if (typeof labels !== 'object' || labels === null)
      return fail(`${source}: the labels of group ${n} are no mapping`);
    count += targets.length;
    if (count > targetsLimit) return fail(`${source} has more than ${targetsLimit} targets`);
    groups.push({
      source: `${source}:${n}`,
      targets: targets.map((address) => new Map([['__address__', String(address)]])),
      labels: new Map([...meta, ...Object.entries(labels).map(([name, value]) => [name, String(value)] as const)]),
    });
  }
  return ok(groups);
}
