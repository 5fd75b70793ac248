import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { isLokiTail } from '@sightline/api';
import { type AgentMonitors, type Fleet, openFleet, type SiteSignals } from '@sightline/fleet';
import type { FindingSink } from '@sightline/record';
import type { TelemetryReader } from '@sightline/store/port';
import type { FastifyInstance } from 'fastify';
import type { StageParts } from '../stage.ts';

const enrolLimitBytes = 64 * 1024;
const askTimeoutMs = 5000;

/** When a site was last heard by any signal, from the telemetry store. */
function siteSignals(store: TelemetryReader): SiteSignals {
  return {
    lastSignalMs: async (organisation, site) => {
      const [row] = await store.query<{ at: number }>(
        `SELECT toFloat64(toUnixTimestamp64Milli(max(last_seen))) AS at FROM seen
         WHERE organisation = {organisation:String} AND site = {site:String}`,
        { organisation, site },
        { timeoutMs: askTimeoutMs, threads: 1 },
      );
      const at = row?.at ?? 0;
      return at > 0 ? at : undefined;
    },
  };
}

/**
 * The address of who asks for the link. Fastify's own reading of `X-Forwarded-For` does not reach upgrades: the last entry
 * that no trusted proxy wrote counts.
 */
export function addressReader(trusted: readonly string[]): (request: IncomingMessage) => string {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (prefix === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(prefix), family);
  }
  const isProxy = (address: string): boolean =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (request) => {
    const chain = [request.headers['x-forwarded-for'] ?? []]
      .flat()
      .flatMap((header) => header.split(','))
      .map((address) => address.trim())
      .filter((address) => isIP(address) !== 0);
    let address = (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
    while (isProxy(address)) {
      const before = chain.pop();
      if (before === undefined) break;
      address = before;
    }
    return address;
  };
}

/** Opens the link for agents on `app`: enrolment, the WebSocket, and the watch over lost links. */
export async function openFleetStage(
  app: FastifyInstance,
  { config, stores, clock, logger, closers }: StageParts,
  ports: { readonly findings: FindingSink; readonly monitors: AgentMonitors | undefined },
): Promise<Fleet> {
  const fleet = openFleet({
    control: stores.control,
    findings: ports.findings,
    monitors: ports.monitors,
    signals: siteSignals(stores.store),
    clock,
    logger,
  });
  closers.add('links of agents', () => fleet.close());
  await app.register(async (scope) => {
    scope.post('/api/v1/agent/enrol', { bodyLimit: enrolLimitBytes }, async (request, reply) => {
      const { status, body } = await fleet.enrol(request.body, request.ip);
      const type = status >= 400 ? 'application/problem+json' : 'application/json';
      return reply
        .code(status)
        .header('cache-control', 'no-store')
        .type(`${type}; charset=utf-8`)
        .send(JSON.stringify(body));
    });
  });
  const addressOf = addressReader(config.trustedProxies);
  app.server.on('upgrade', (request, socket, head) => {
    if (!isLokiTail(request.url)) fleet.upgrade(request, socket, head, addressOf(request));
  });
  return fleet;
}
