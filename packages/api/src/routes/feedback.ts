import { listFeedback } from '@sightline/contract';
import { listFeedback as readFeedback } from '@sightline/query';
import { scopeOf } from '../read-scope.ts';
import type { Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

export const feedbackRoutes: readonly Route[] = [
  answerRead(listFeedback, async ({ query }, context) => {
    const { deps, signal } = context;
    return { feedback: await readFeedback(deps.store, scopeOf(query, context), query.limit, { signal }) };
  }),
];
