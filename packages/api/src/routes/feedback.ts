import { listFeedback } from '@sightline/contract';
import { listFeedback as readFeedback } from '@sightline/query';
import type { Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

export const feedbackRoutes: readonly Route[] = [
  answerRead(listFeedback, async ({ query }, { deps, caller, signal }) => {
    const { from, to, environment, site, service } = query;
    const scope = { organisation: caller.organisation, fromMs: from, toMs: to, environment, site, service };
    return { feedback: await readFeedback(deps.store, scope, query.limit, { signal }) };
  }),
];
