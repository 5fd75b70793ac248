import type { Agent as HttpAgent } from 'node:http';
import path from 'node:path';
import { BackgroundLoop, type Clock, fail, type Logger, ok, type Result } from '@sightline/base';
import { type OtlpSignal, scrapedLane } from '@sightline/ingest/site';
import { defaultPace, type DeliveryState, Forwarder, type ForwarderPace } from './forwarder.ts';
import { keepOtlp, type LocalReceiver, openLocalReceiver, type ReceiveAddress } from './local-receive.ts';
import { batchPoster } from './post-batch.ts';
import { SiteSpool, type SiteSpoolLimits, type SiteSpoolStatus } from './site-spool.ts';

export interface ForwarderOptions {
  /** The server's address, as people enter it. */
  readonly server: string;
  /** The agent's token; asked for each request. */
  readonly token: () => string;
  /** Makes connections to the server, where the site has a proxy; not closed here. */
  readonly httpAgent?: HttpAgent;
  /** Where the spool lies: `<dataFolder>/forward`. */
  readonly dataFolder: string;
  /** Where programs at the site send to; undefined for nowhere. */
  readonly receive?: ReceiveAddress | undefined;
  readonly limits?: Partial<SiteSpoolLimits>;
  readonly pace?: Partial<ForwarderPace>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The running spool of a site. */
export interface RunningForwarder {
  /**
   * Keeps one OTLP request in protobuf, as if it had come over HTTP; resolves once it is durable. The error says why nothing was
   * kept.
   */
  submit(signal: OtlpSignal, request: Uint8Array): Promise<Result<undefined, string>>;
  /** Keeps one request of remote write 2.0 that holds so many samples: what was scraped at the site. As `submit`. */
  submitScraped(request: Uint8Array, samples: number): Promise<Result<undefined, string>>;
  /** What waits and what was dropped, in the form of the link's `agentSpool`. */
  status(): SiteSpoolStatus;
  delivery(): DeliveryState;
  /** Where OTLP is taken; undefined where it is not, and `receiveFault` says why. */
  readonly receivePort: number | undefined;
  readonly receiveFault: string | undefined;
  /** Where OTLP is taken over gRPC, if it was asked for. */
  readonly receiveGrpcPort: number | undefined;
  /** Delivers at once instead of at the next try: the link is back. */
  wake(): void;
  /** Takes no more and closes; what waits stays on disk. */
  close(): Promise<void>;
}

const tendEveryMs = 5000;
const expireEveryMs = 600_000;

/**
 * Opens the site's spool, takes OTLP on this machine, and delivers to the server. Rejects when the spool cannot be opened; a port
 * that is taken is no reason to.
 */
export async function startForwarder(options: ForwarderOptions): Promise<RunningForwarder> {
  const { clock, logger } = options;
  const spool = await SiteSpool.open(path.join(options.dataFolder, 'forward'), options.limits ?? {}, clock, logger);
  const poster = batchPoster(options.server, options.token, () => clock.now(), options.httpAgent);
  const forwarder = new Forwarder(spool, poster, { ...defaultPace, ...options.pace }, clock, logger);
  spool.onKept = () => forwarder.kept();
  let receiver: LocalReceiver | undefined;
  let receiveFault: string | undefined;
  if (options.receive) {
    try {
      receiver = await openLocalReceiver(spool, options.receive, clock, logger);
    } catch (error) {
      receiveFault = `OTLP is not taken on port ${options.receive.port}: ${error instanceof Error ? error.message : String(error)}`;
      logger.warn(receiveFault);
    }
  }
  let expiredAtMs = clock.now();
  const tending = new BackgroundLoop({
    clock,
    logger,
    everyMs: tendEveryMs,
    pausesFirst: true,
    round: async () => {
      await receiver?.flush();
      if (Math.abs(clock.now() - expiredAtMs) < expireEveryMs) return;
      expiredAtMs = clock.now();
      await spool.expire();
    },
    fault: (error) => logger.error('the spool could not be looked after', { error }),
  });
  tending.start();
  let closed = false;
  return {
    submit: async (signal, request) => {
      if (closed) return fail('the agent is stopping');
      const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
      return keepOtlp(spool, signal, bytes, clock.now());
    },
    submitScraped: async (bytes, records) => {
      if (closed) return fail('the agent is stopping');
      const kept = await spool.append([{ lane: scrapedLane, bytes, records, signal: 'metrics' }], clock.now());
      return kept.ok ? ok(undefined) : fail(kept.error.message);
    },
    status: () => spool.status(),
    delivery: () => forwarder.state,
    receivePort: receiver?.port,
    receiveFault,
    receiveGrpcPort: receiver?.grpcPort,
    wake: () => forwarder.wake(),
    close: async () => {
      closed = true;
      const tended = tending.close();
      await receiver?.close();
      await forwarder.close();
      await tended;
      await spool.close();
    },
  };
}
