import type { z } from 'zod';

/** What a person or key must be allowed to do. `public` needs nobody; the rest name the least role that may. */
export type Permission = 'public' | 'viewer' | 'responder' | 'admin' | 'owner';

/**
 * One call of our own API: the single place that server, UI client and OpenAPI document read. `path` uses `:name` for
 * parameters. Responses are JSON; errors are problem+json (RFC 9457) of shape `problem`.
 */
export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Reply extends z.ZodType = z.ZodType,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly reply: Reply;
}

export function endpoint<
  Reply extends z.ZodType,
  Params extends z.ZodType = z.ZodType<undefined>,
  Query extends z.ZodType = z.ZodType<undefined>,
  Body extends z.ZodType = z.ZodType<undefined>,
>(definition: Endpoint<Params, Query, Body, Reply>): Endpoint<Params, Query, Body, Reply> {
  return definition;
}
