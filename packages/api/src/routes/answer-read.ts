import type { Endpoint } from '@sightline/contract';
import type { z } from 'zod';
import { answer, type CallContext, type Input, type ProblemReply, type Route } from '../route.ts';
import { reading } from '../store-fault.ts';

/** As `answer`, for handlers that read the store: what the store may refuse for good reason becomes a refusal with advice. */
export function answerRead<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
>(
  endpoint: Endpoint<Params, Query, Body, Reply>,
  handler: (
    input: Input<z.output<Params>, z.output<Query>, z.output<Body>>,
    context: CallContext,
  ) => Promise<z.input<Reply> | ProblemReply>,
): Route {
  return answer(endpoint, (input, context) => reading(() => handler(input, context)));
}
