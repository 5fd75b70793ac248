import { hash, randomUUID, timingSafeEqual } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { BackgroundLoop, type Clock } from '@sightline/base';
import type { Control } from '@sightline/control';
import { headMediaType, headPath, HeadService, IndexClient, isHeadMethod, type RemoteHeads } from '@sightline/metrics';
import type { MetricHead } from '@sightline/metrics';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import type { StageParts } from '../stage.ts';

/** Of the secret that opens the route, and before the addresses of live heads among the leases. */
const secretName = 'metric-head';
const leasePrefix = 'metric-head/';
/** An address is renewed so often, and believed so long after it was renewed last, milliseconds. */
const renewMs = 10_000;
const ttlMs = 30_000;
/** How long addresses that were read are used before they are read anew, milliseconds. */
const knownMs = 3000;

type Parts = Pick<StageParts, 'config' | 'stores' | 'clock' | 'logger' | 'closers'>;

/** Other processes meet this one in a database that both reach; with the embedded one there are none. */
export const hasPeers = ({ databaseUrl }: Config): boolean => databaseUrl !== '';

/**
 * Answers the head's series index to the installation's other processes, on a route that the installation's secret opens. Organisations are
 * the asking process's to judge, as it judges its own callers: it names one in each question.
 */
export async function registerHeadRoute(
  app: FastifyInstance,
  { stores, logger, closers }: Parts,
  head: MetricHead,
): Promise<void> {
  const secret = hash('sha256', await stores.control.installation.secret(secretName), 'buffer');
  const port = head.indexPort();
  closers.add('metric head for others', () => {
    port.close();
    return Promise.resolve();
  });
  const service = new HeadService({
    index: new IndexClient(port),
    process: randomUUID(),
    logger: logger.with({ part: 'metric head' }),
  });
  await app.register((scope, _, done) => {
    scope.addHook('onRequest', async (request, reply) => {
      const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      // Hashes are of one length, so that comparing them takes one time.
      if (timingSafeEqual(hash('sha256', given, 'buffer'), secret)) return undefined;
      return reply.code(401).send();
    });
    scope.addContentTypeParser(headMediaType, { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    scope.post<{ Params: { method: string }; Body: string }>(`${headPath}:method`, async ({ params, body }, reply) => {
      const { method } = params;
      const argument = argumentOf(body);
      if (!isHeadMethod(method) || argument === undefined) return reply.code(400).send();
      const answer = await service.answer(method, argument);
      return answer ? reply.type('application/octet-stream').send(answer) : reply.code(503).send();
    });
    done();
  });
}

/** What is asked; undefined where it is no question that a process of this version asks. */
function argumentOf(body: unknown): unknown {
  try {
    const { argument } = JSON.parse(String(body)) as { argument?: unknown };
    if (typeof argument === 'string') return argument;
    const { organisation, matchers } = (argument ?? {}) as { organisation?: unknown; matchers?: unknown };
    return typeof organisation === 'string' && Array.isArray(matchers) ? argument : undefined;
  } catch {
    return undefined;
  }
}

/** Says in the control database where this process's head is, again and again until the process ends. */
export function announceHead({ config, stores, clock, logger, closers }: Parts, port: number): void {
  const url = config.peerUrl === '' ? boundUrl(config.host, port) : config.peerUrl;
  const names = [leasePrefix + url];
  const holder = randomUUID();
  const { leases } = stores.control.detect;
  const renewing = new BackgroundLoop({
    clock,
    logger,
    everyMs: renewMs,
    round: async () => void (await leases.hold(holder, names, ttlMs)),
    fault: `Where the metric head is could not be renewed: ${url}`,
  });
  renewing.start();
  closers.add('address of the metric head', async () => {
    await renewing.close();
    try {
      await leases.release(holder, names);
    } catch (error) {
      logger.warn('Where the metric head was could not be taken back', { url, error });
    }
  });
}

/** The heads that the control database knows of. */
export async function remoteHeads({ control, clock }: { control: Control; clock: Clock }): Promise<RemoteHeads> {
  let known: Promise<readonly string[]> = Promise.resolve([]);
  let readAtMs = -Infinity;
  const read = async (): Promise<readonly string[]> => {
    const names = await control.detect.leases.names(leasePrefix);
    return names.map((name) => name.slice(leasePrefix.length));
  };
  return {
    secret: await control.installation.secret(secretName),
    urls: () => {
      if (clock.now() - readAtMs < knownMs) return known;
      readAtMs = clock.now();
      // While the database does not answer, what was known last is tried.
      const before = known;
      known = read().catch(() => before);
      return known;
    },
  };
}

/** An address of this machine that others reach: the one that was bound, or the first that is not its own loop. */
function boundUrl(host: string, port: number): string {
  const every = host === '0.0.0.0' || host === '::';
  const first = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.internal === false && (one.family === 'IPv4' || host === '::'));
  const address = every ? (first?.address ?? '127.0.0.1') : host;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
