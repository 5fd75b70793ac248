import { readFile } from 'node:fs/promises';
import {
  type Listener,
  type ForwardAddress,
  type SocketParts,
  startForward,
  startGelf,
  startSyslog,
  type Unkeyed,
} from '@sightline/ingest';
import type { Config, ListenerPort } from '../config.ts';
import type { StageParts } from '../stage.ts';
import { firstOrganisation } from './first-organisation.ts';

type Start = (parts: SocketParts, unkeyed: Unkeyed, address: ForwardAddress) => Promise<Listener>;

/**
 * Takes syslog, GELF and Fluentd's forward protocol where the settings say so, once it is known whose records are that bring no key. A port that is taken is logged: everything else works
 * without it.
 */
export function openLogListeners(
  { config, stores, clock, logger, closers }: StageParts,
  ingest: Pick<SocketParts, 'spool' | 'ledger' | 'gate'>,
): void {
  const wanted: readonly (readonly [flag: string, start: Start, ports: readonly ListenerPort[]])[] = [
    ['syslog', startSyslog, config.syslog],
    ['gelf', startGelf, config.gelf],
    ['fluent-forward', startForward, config.fluentForward],
  ];
  if (wanted.every(([, , ports]) => ports.length === 0)) return;
  const stop = new AbortController();
  const listeners: Listener[] = [];
  const log = logger.with({ part: 'listeners' });
  const starting = (async () => {
    const unkeyed = await unkeyedOf(config.listenerKey, () => firstOrganisation(stores.control, clock, stop.signal));
    if (!unkeyed) return;
    const tls = await certificate(config.listenerTls).catch((error: unknown) => {
      log.error('the certificate of the listeners cannot be read', { error });
      return undefined;
    });
    const parts: SocketParts = { ...ingest, keys: stores.control.keys, clock, logger: log };
    for (const [flag, start, ports] of wanted) {
      for (const { port, transport, handshake } of ports) {
        if (stop.signal.aborted || (transport === 'tls' && !tls)) continue;
        const address = {
          host: config.host,
          port,
          udp: transport === 'udp' || transport === 'udp+tcp',
          tcp: transport !== 'udp',
          handshake,
          ...(transport === 'tls' && tls ? { tls } : {}),
        };
        try {
          listeners.push(await start(parts, unkeyed, address));
        } catch (error) {
          log.error(`nothing is taken there: choose another port with --${flag}`, { port, error });
        }
      }
    }
  })();
  closers.add('listeners', async () => {
    stop.abort();
    await starting;
    await Promise.all(listeners.map((listener) => listener.close()));
  });
}

async function unkeyedOf(
  listenerKey: string,
  organisation: () => Promise<string | undefined>,
): Promise<Unkeyed | undefined> {
  if (listenerKey === 'required') return { kind: 'refused' };
  if (listenerKey !== '') return { kind: 'key', key: listenerKey };
  const first = await organisation();
  if (first === undefined) return undefined;
  return {
    kind: 'scope',
    scope: { organisation: first, keyId: '', site: '', device: '', service: '', environment: '' },
  };
}

async function certificate(files: Config['listenerTls']): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (!files) return undefined;
  const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
  return { cert, key };
}
