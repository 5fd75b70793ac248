import { archiveCost, listArchivedDays, listArchivedFiles } from '@sightline/contract';
import { costOf } from '../archive-reading.ts';
import { scopeOf } from '../read-scope.ts';
import { answer, type Route } from '../route.ts';

const filesAtMost = 5000;
const nothing = {
  hotFrom: 0,
  days: 0,
  files: 0,
  rows: 0,
  bytes: 0,
  estimatedMs: 0,
  firstDay: '',
  lastDay: '',
};

export const archiveRoutes: readonly Route[] = [
  answer(listArchivedDays, async ({ query: { from = '', to = '9999-12-31' } }, { deps, caller }) => {
    const days = (await deps.archive?.logs.days(caller.organisation)) ?? [];
    return {
      available: deps.archive !== undefined,
      days: days
        .filter(({ day }) => day >= from && day <= to)
        .map(({ firstMs, lastMs, ...held }) => ({ ...held, first: firstMs, last: lastMs })),
    };
  }),

  answer(listArchivedFiles, async ({ params }, { deps, caller }) => {
    const files = (await deps.archive?.logs.files(caller.organisation, params.day)) ?? [];
    return {
      files: files.slice(0, filesAtMost).map(({ path, class: kept, site, rows, bytes, firstMs, lastMs }) => ({
        path,
        class: kept,
        site,
        rows,
        bytes,
        first: firstMs,
        last: lastMs,
      })),
    };
  }),

  answer(archiveCost, async ({ query }, context) => {
    const cost = await costOf({ ...scopeOf(query, context), q: query.q }, context);
    return { available: cost !== undefined, ...(cost ?? nothing) };
  }),
];
