/**
 * The server's side of forwarding as a program of its own, so that a test can kill it: store, spool, loader and the endpoint, put
 * together as the server does, but slow between keeping, noting and answering: so that kills find it there. `node receiving-server.ts <folder> <port> <clock skew>`; prints "ready".
 */
import path from 'node:path';
import { jsonLogger, systemClock } from '@sightline/base';
import { AcceptedFrames, createLedger, openSpool, protocols, registerForwarded, startLoader } from '@sightline/ingest';
import { exactlyOnceSettings, migrate, openEmbeddedStore } from '@sightline/store';
import fastify from 'fastify';

const [folder = '', port = '0', skew = '0'] = process.argv.slice(2);
const clock = systemClock;
const logger = jsonLogger(clock, (line) => process.stderr.write(`${line}\n`), 'warn');
const store = await openEmbeddedStore({ dataFolder: folder, logger, clock });
await migrate(store, logger);
const ledger = createLedger({ target: store, settings: exactlyOnceSettings, clock, logger });
const accepted = await AcceptedFrames.open(path.join(folder, 'forwarded'), logger);
const disk = await openSpool({
  folder: path.join(folder, 'spool'),
  limits: { freeDiskBytes: 0 },
  clock,
  logger,
  recovered: (frame) => accepted.recovered(frame),
});
const spool = accepted.guard(disk);
const loader = await startLoader({
  spool,
  target: store,
  protocols,
  ledger,
  settings: exactlyOnceSettings,
  clock,
  logger,
});
const agent = { id: 'agent-1', organisation: 'org-1', site: 'STORE_047', keyId: 'key-1', clockSkewMs: Number(skew) };
const slowly = (): Promise<void> => clock.sleep(Math.random() * 700);
const app = fastify({ forceCloseConnections: true });
app.addHook('onSend', slowly);
await registerForwarded(app, {
  spool: {
    refusal: () => spool.refusal(),
    status: () => spool.status(),
    append: async (...request) => {
      const kept = await spool.append(...request);
      await slowly();
      return kept;
    },
  },
  accepted,
  agents: {
    findByToken: async (token) => (token === 'revoked-token' ? 'revoked' : token === 'good-token' ? agent : undefined),
  },
  ledger,
  clock,
  logger,
});
app.get('/waiting', async () => ({ records: spool.status().records, lagMs: loader.status().lagMs }));
await app.listen({ host: '127.0.0.1', port: Number(port) });
console.log('ready');
process.once('SIGTERM', () => {
  void (async () => {
    await app.close();
    await loader.close();
    await disk.close();
    await accepted.close();
    await ledger.close();
    await store.close();
  })();
});
