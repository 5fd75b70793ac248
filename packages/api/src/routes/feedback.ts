import { listFeedback } from '@sightline/contract';
import { listFeedback as readFeedback, membersOf } from '@sightline/query';
import { scopeOf } from '../read-scope.ts';
import type { Route } from '../route.ts';
import { answerRead } from './answer-read.ts';
import { badCursor, mergedOf } from './errors.ts';

export const feedbackRoutes: readonly Route[] = [
  answerRead(listFeedback, async ({ query }, context) => {
    const { deps, signal } = context;
    const { q, issue, limit, cursor } = query;
    const issues = issue === '' ? [] : membersOf(issue, await mergedOf(context));
    const asked = { scope: scopeOf(query, context), q, issues, limit, cursor };
    return (await readFeedback(deps.store, asked, { signal })) ?? badCursor();
  }),
];
