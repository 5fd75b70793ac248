import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { page, point, scopeQuery } from './common.ts';

/** One way in: how a client is pointed here. `snippet` has {url}, {host}, {key}, {dsn} to fill. */
export const client = z.object({
  name: z.string(),
  title: z.string(),
  protocol: z.string(),
  language: z.string(),
  install: z.string(),
  snippet: z.string(),
});
export const listClients = endpoint({
  method: 'GET',
  path: '/api/v1/data/clients',
  summary: 'A working snippet per client',
  permission: 'viewer',
  reply: z.object({ url: z.string(), clients: z.array(client), key: z.string(), dsn: z.string() }),
});
export const firstRecord = endpoint({
  method: 'GET',
  path: '/api/v1/data/arrivals',
  summary: 'Newest arrival per protocol: the light that turns green',
  permission: 'viewer',
  query: z.object({ since: z.coerce.number().default(0) }),
  reply: z.object({
    protocols: z.array(z.object({ protocol: z.string(), signal: z.string(), lastAt: z.number(), records: z.number() })),
  }),
});
export const ledgerRow = z.object({
  protocol: z.string(),
  signal: z.string(),
  keyId: z.string(),
  keyName: z.string(),
  received: z.number(),
  accepted: z.number(),
  dropped: z.number(),
  rejected: z.number(),
  reasons: z.record(z.string(), z.number()),
  bytes: z.number(),
});
export const ingestHealth = endpoint({
  method: 'GET',
  path: '/api/v1/data/health',
  summary: 'Received = accepted + dropped + rejected, by protocol and key; lag; quarantine',
  permission: 'viewer',
  query: scopeQuery.pick({ from: true, to: true }),
  reply: z.object({
    rows: z.array(ledgerRow),
    lagMs: z.number(),
    spoolBytes: z.number(),
    spoolLimitBytes: z.number(),
    waitingRecords: z.number(),
    rate: z.array(point),
    scrubbed: z.array(z.object({ rule: z.string(), signal: z.string(), removed: z.number() })),
    /** Spans that a sampling policy let go after they were counted; `rule` names the service whose share decided, '' for all others. */
    sampled: z.array(z.object({ policy: z.string(), rule: z.string(), service: z.string(), spans: z.number() })),
    quarantined: z.number(),
  }),
});
export const quarantineRow = z.object({
  id: z.string(),
  at: z.number(),
  protocol: z.string(),
  signal: z.string(),
  keyId: z.string(),
  reason: z.string(),
  records: z.number(),
  bytes: z.number(),
  preview: z.string(),
});
export const listQuarantine = endpoint({
  method: 'GET',
  path: '/api/v1/data/quarantine',
  summary: 'What could not be loaded, and why',
  permission: 'admin',
  query: z.object({ ...page }),
  reply: z.object({ rows: z.array(quarantineRow), next: z.string() }),
});

export const componentHealth = z.object({
  name: z.string(),
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  detail: z.string(),
});
export const health = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  version: z.string(),
  uptimeS: z.number(),
  components: z.array(componentHealth),
});
