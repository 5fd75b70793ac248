import { firstRecord, ingestHealth, listClients, listQuarantine } from '@sightline/contract';
import { listQuarantine as readQuarantine, readArrivals, readIngestHealth } from '@sightline/query';
import { refuse, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';
import { clients, fillSnippet, type ClientAddress } from './clients.ts';

const showClients = answerRead(listClients, async (_input, { deps, caller, audit }) => {
  const before = await deps.control.keys.list(caller.organisation);
  // A key that may only read must not open a way in.
  const own = before.find((known) => known.id === caller.keyId);
  if (caller.kind === 'key' && !own?.permissions.includes('ingest')) {
    return refuse(
      403,
      'Not allowed',
      'The snippets hold a key that sends data: sign in, or ask with a key that may ingest.',
    );
  }
  const [key, project] = await Promise.all([
    deps.control.keys.ingestKey(caller.organisation),
    deps.control.projects.first(caller.organisation),
  ]);
  if (!before.some((known) => known.id === key.id)) await audit('key.create', key.id, `${key.name}, to send data`);
  const address = addressOf(deps.settings.publicUrl, key.secret ?? '', project.number);
  return {
    url: address.url,
    key: address.key,
    dsn: address.dsn,
    clients: clients.map((client) => ({
      ...client,
      install: fillSnippet(client.install, address),
      snippet: fillSnippet(client.snippet, address),
    })),
  };
});

/** What a snippet needs to know; `publicUrl` without a slash at its end. */
export function addressOf(publicUrl: string, key: string, project: number): ClientAddress {
  const url = new URL(publicUrl);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const path = url.pathname.replace(/\/$/, '');
  return {
    url: publicUrl,
    host: url.hostname,
    port,
    key,
    dsn: `${url.protocol}//${key}@${url.host}${path}/${project}`,
    tls: url.protocol === 'https:',
  };
}

const showArrivals = answerRead(firstRecord, async ({ query }, { deps, caller, signal }) => ({
  protocols: await readArrivals(
    deps.store,
    { organisation: caller.organisation, sinceMs: query.since, nowMs: deps.clock.now() },
    { signal },
  ),
}));

const showHealth = answerRead(ingestHealth, async ({ query }, { deps, caller, signal }) => {
  if (query.from >= query.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  const range = { organisation: caller.organisation, fromMs: query.from, toMs: query.to };
  const [health, names] = await Promise.all([
    readIngestHealth(deps.store, range, { signal }),
    deps.control.keys.names(caller.organisation),
  ]);
  const rows = health.rows.map((row) => ({ ...row, keyName: names.get(row.keyId) ?? row.keyId }));
  return { ...health, rows, ...deps.ingest.status() };
});

const showQuarantine = answerRead(listQuarantine, async ({ query }, { deps, caller, signal }) => {
  const page = await readQuarantine(deps.store, { organisation: caller.organisation, ...query }, { signal });
  return (
    page ?? refuse(400, 'Bad cursor', 'The cursor is not one that a page before answered; begin again without it.')
  );
});

export const dataRoutes: readonly Route[] = [showClients, showArrivals, showHealth, showQuarantine];
