import type { Server } from 'node:http';
import { type Clock, fail, type Logger, ok, type Result } from '@sightline/base';
import {
  type Checked,
  checkOtlp,
  ingestListener,
  type Ledger,
  otlp,
  type OtlpSignal,
  type ProtocolEndpoint,
  type ReceiverParts,
  type Refusal,
} from '@sightline/ingest/site';
import { http } from '../node-http.ts';
import { toSiteFrames } from './site-lanes.ts';
import type { SiteSpool } from './site-spool.ts';

/** Where programs at the site send to. Only this machine reaches it: there is no key. */
export interface ReceiveAddress {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** OTLP over HTTP; 0 picks one. The exporters' own default is 4318. */
  readonly port: number;
  /** OTLP over gRPC, where wanted (4317): it takes some 10 MB of memory. */
  readonly grpcPort?: number;
}

export interface LocalReceiver {
  readonly port: number;
  readonly grpcPort: number | undefined;
  /** Enters what was refused lately into the spool's account. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const bodyLimitBytes = 8 * 1024 * 1024;
const refusedKindsLimit = 200;
const scope = { organisation: 'site', keyId: '', site: '', device: '', service: '', environment: '' };

/** A checked request in the site's lanes. */
function inSiteLanes(checked: Checked): Checked {
  return checked.kind === 'accept' ? { ...checked, frames: toSiteFrames(checked.frames) } : checked;
}

/** Judges one OTLP request in protobuf as if it had come over HTTP, and keeps it. The error says why nothing was kept. */
export async function keepOtlp(
  spool: SiteSpool,
  signal: OtlpSignal,
  body: Buffer,
  receivedAtMs: number,
): Promise<Result<undefined, string>> {
  const checked = inSiteLanes(checkOtlp(signal, { body, contentType: 'application/x-protobuf', receivedAtMs }));
  if (checked.kind === 'refuse') return fail(checked.message);
  if (checked.frames.length === 0 && checked.refused.length === 0) return ok(undefined);
  const kept = await spool.append(checked.frames, receivedAtMs, checked.refused);
  return kept.ok ? kept : fail(kept.error.message);
}

/**
 * Takes OTLP/HTTP (protobuf or JSON, zipped or not) on this machine; answers once the spool has it. Rejects when the port
 * is taken.
 */
export async function openLocalReceiver(
  spool: SiteSpool,
  address: ReceiveAddress,
  clock: Clock,
  logger: Logger,
): Promise<LocalReceiver> {
  const refusals = new RefusedLately(spool, clock, logger);
  const atSite = (endpoint: ProtocolEndpoint): ProtocolEndpoint => ({
    ...endpoint,
    key: () => 'site',
    check: (request) => inSiteLanes(endpoint.check(request)),
  });
  const protocol = {
    ...otlp,
    endpoints: otlp.endpoints.map(atSite),
    grpc: (otlp.grpc ?? []).map((method) => ({ ...method, endpoint: atSite(method.endpoint) })),
  };
  const parts: ReceiverParts = {
    protocols: [protocol],
    spool: {
      append: (...[frames, , meta, refused]: Parameters<SpoolAppend>) =>
        spool.append(frames, meta.receivedAtMs, refused),
      refusal: () => spool.refusal(),
    },
    keys: { find: async () => ({ scope, permissions: ['ingest'] as const }) },
    ledger: refusals.ledger,
    limits: { wireBytes: bodyLimitBytes, bodyBytes: bodyLimitBytes, inFlightBytes: 4 * bodyLimitBytes },
    clock,
    logger,
  };
  const server = http.createServer({ requestTimeout: 60_000 }, ingestListener(parts));
  const host = address.host ?? '127.0.0.1';
  const port = await listen(server, host, address.port);
  const close = (): Promise<void> =>
    new Promise((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  const grpc = await startGrpcAt(address, parts).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    port,
    grpcPort: grpc?.port,
    flush: () => refusals.flush(),
    close: async () => {
      await close();
      await grpc?.close();
      await refusals.flush();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : port);
    });
  });
}

/** gRPC's library is loaded where it is asked for only. */
async function startGrpcAt({ host = '127.0.0.1', grpcPort }: ReceiveAddress, parts: ReceiverParts) {
  if (grpcPort === undefined) return undefined;
  return (await import('@sightline/ingest/grpc')).startGrpc(parts, { host, port: grpcPort });
}

type SpoolAppend = (
  frames: Parameters<SiteSpool['append']>[0],
  scope: unknown,
  meta: { readonly receivedAtMs: number },
  refused?: readonly Refusal[],
) => ReturnType<SiteSpool['append']>;

/** Refusals of whole requests, summed up: a program that sends nonsense must not fill the disk with its account. */
class RefusedLately {
  readonly #spool: SiteSpool;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #refused = new Map<string, Refusal>();

  constructor(spool: SiteSpool, clock: Clock, logger: Logger) {
    this.#spool = spool;
    this.#clock = clock;
    this.#logger = logger;
  }

  readonly ledger: Ledger = {
    count: ({ signal, reason, records }) => {
      // These are sent again by their clients: not lost, and no time to write more.
      if (reason === 'spool-full' || reason === 'disk-full' || reason === 'rate-limited') return;
      const key = `${signal}/${reason}`;
      const known = this.#refused.get(key);
      if (!known && this.#refused.size >= refusedKindsLimit) return;
      this.#refused.set(key, { signal, reason, records: records + (known?.records ?? 0), message: '' });
    },
    write: async () => undefined,
    received: () => undefined,
    answered: () => undefined,
    metrics: () => '',
    close: async () => undefined,
  };

  async flush(): Promise<void> {
    if (this.#refused.size === 0) return;
    const refused = [...this.#refused.values()];
    this.#refused = new Map();
    const kept = await this.#spool.account(refused, this.#clock.now());
    if (!kept.ok) this.#logger.warn('what was refused could not be noted', { reason: kept.error.message });
  }
}
