import type { z } from 'zod';
import { queryClient } from '../data/ask.ts';
import { addressOf } from '../data/call.ts';

const staleMs = 60_000;
const timeLimitMs = 15_000;

/**
 * Asks an interface that Grafana reads too for names, as whoever is signed in; each question is kept for a minute. What fails, or answers in
 * another form, is undefined: completion is a help, and the query itself says what is wrong.
 */
export function knownNames<S extends z.ZodType>(
  path: string,
  params: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string | number>>,
  schema: S,
): Promise<z.output<S> | undefined> {
  const address = addressOf(path, params, query);
  return queryClient
    .fetchQuery({
      queryKey: ['offers', address],
      queryFn: async ({ signal }) => {
        const reply = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]) });
        if (!reply.ok) throw new Error(`${address} answered ${reply.status}`);
        return schema.parse(await reply.json());
      },
      staleTime: staleMs,
      retry: false,
    })
    .catch(() => undefined);
}
