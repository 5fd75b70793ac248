import * as contract from '@sightline/contract';
import {
  analyse,
  bundledPrices,
  compare,
  edgeExamples,
  getTrace,
  latencyExamples,
  latencyHeatMap,
  listAiCalls,
  listCalls,
  listOperations,
  listQueues,
  readCall,
  readServiceMap,
  redOverTime,
  type SpanRecord,
  type TokenPrice,
} from '@sightline/query';
import { scopeOf } from '../read-scope.ts';
import { answer, type CallContext, doneReply, ProblemReply, refuse, type Route } from '../route.ts';
import { searchFault } from '../store-fault.ts';
import { answerRead } from './answer-read.ts';

/** What traces tell in sum, and one trace or two of them looked at closely. */
export const traceAnalysisRoutes: readonly Route[] = [
  answerRead(contract.listOperations, async ({ query }, context) => ({
    operations: await listOperations(
      context.deps.store,
      { ...scopeOf(query, context), entry: query.entry === 'true', sort: query.sort, limit: query.limit },
      { signal: context.signal },
    ),
  })),
  answerRead(contract.redOverTime, ({ query }, context) =>
    redOverTime(
      context.deps.store,
      { ...scopeOf(query, context), operation: query.operation, points: query.points },
      { signal: context.signal },
    ),
  ),
  answerRead(contract.serviceMap, ({ query }, context) =>
    readServiceMap(context.deps.store, scopeOf(query, context), context.deps.clock.now(), { signal: context.signal }),
  ),
  answerRead(contract.mapExamples, async ({ query }, context) => {
    const { caller, callee } = query;
    const asked = { ...scopeOf(query, context), caller, callee, limit: 20 };
    return { spans: await edgeExamples(context.deps.store, asked, { signal: context.signal }) };
  }),
  answerRead(contract.listCalls, async ({ query }, context) => {
    const { call, groupBy, peer, sort, limit } = query;
    return {
      rows: await listCalls(
        context.deps.store,
        { ...scopeOf(query, context), call, groupBy, peer, sort, limit },
        { signal: context.signal },
      ),
    };
  }),
  answerRead(contract.callDetail, ({ query }, context) => {
    const { call, peer, statement } = query;
    return readCall(
      context.deps.store,
      { ...scopeOf(query, context), call, peer, statement },
      { signal: context.signal },
    );
  }),
  answerRead(contract.listQueues, ({ query }, context) =>
    listQueues(context.deps.store, scopeOf(query, context), { signal: context.signal }),
  ),
  answerRead(contract.listAiCalls, async ({ query }, context) =>
    listAiCalls(context.deps.store, { ...scopeOf(query, context), sort: query.sort }, await ownPrices(context), {
      signal: context.signal,
    }),
  ),
  answer(contract.getAiPrices, async (_, context) => ({ bundled: bundledPrices, own: await ownPrices(context) })),
  answer(contract.setAiPrices, async ({ body }, context) => {
    await context.deps.control.settings.set(context.caller.organisation, pricesSetting, body.own);
    await context.audit('ai-prices.set', 'prices', Object.keys(body.own).join(', ').slice(0, 1000));
    return doneReply;
  }),
  answerRead(contract.latencyHeatMap, async ({ query }, context) => {
    const { q, operation, columns } = query;
    const found = await latencyHeatMap(
      context.deps.store,
      { ...scopeOf(query, context), q, operation, columns },
      { signal: context.signal },
    );
    return found.ok ? found.value : searchFault(found.error);
  }),
  answerRead(contract.latencyExamples, async ({ query }, context) => {
    const { q, operation, minMs, maxMs, limit } = query;
    const found = await latencyExamples(
      context.deps.store,
      { ...scopeOf(query, context), q, operation, minMs, maxMs, limit },
      { signal: context.signal },
    );
    return found.ok ? found.value : searchFault(found.error);
  }),
  answerRead(contract.compareTraces, async ({ query }, context) => {
    const [left, right] = await Promise.all([spansOf(query.left, context), spansOf(query.right, context)]);
    if (left instanceof ProblemReply) return left;
    return right instanceof ProblemReply ? right : compare(left, right);
  }),
  answerRead(contract.analyseTrace, async ({ params }, context) => {
    const spans = await spansOf(params.id, context);
    return spans instanceof ProblemReply ? spans : analyse(spans);
  }),
];

const pricesSetting = 'ai-prices';

/** Prices of the organisation; they were checked when they were set. */
async function ownPrices({ deps, caller }: CallContext): Promise<Readonly<Record<string, TokenPrice>>> {
  const kept = await deps.control.settings.get(caller.organisation, pricesSetting);
  const read = contract.setAiPrices.body?.safeParse({ own: kept ?? {} });
  return read?.success ? read.data.own : {};
}

async function spansOf(id: string, context: CallContext): Promise<readonly SpanRecord[] | ProblemReply> {
  const { spans } = await getTrace(context.deps.store, context.caller.organisation, id, { signal: context.signal });
  return spans.length > 0
    ? spans
    : refuse(404, 'No such trace', `No span with the trace id ${id} has arrived, or its retention has ended.`);
}
