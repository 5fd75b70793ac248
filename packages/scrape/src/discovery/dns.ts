import type { MxRecord, SrvRecord } from 'node:dns';
import { fail, ok, type Result } from '@sightline/base';
import type { Discovery, TargetGroup } from '../config/scrape-job.ts';

/** Asks name servers; `node:dns/promises` or a `Resolver` of it. */
export interface DnsLookup {
  readonly resolve4: (name: string) => Promise<string[]>;
  readonly resolve6: (name: string) => Promise<string[]>;
  readonly resolveSrv: (name: string) => Promise<SrvRecord[]>;
  readonly resolveMx: (name: string) => Promise<MxRecord[]>;
  readonly resolveNs: (name: string) => Promise<string[]>;
}

interface Found {
  readonly host: string;
  readonly port: number;
  readonly meta: readonly (readonly [string, string])[];
}

/** One group for each name (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dns_sd_config). */
export async function findByDns(
  discovery: Extract<Discovery, { kind: 'dns' }>,
  dns: DnsLookup,
): Promise<Result<readonly TargetGroup[], string>> {
  const groups: TargetGroup[] = [];
  for (const name of discovery.names) {
    let found: readonly Found[];
    try {
      found = await lookup(name, discovery, dns);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The name is there and has no such record: a service without instances.
      if (code !== 'ENODATA' && code !== 'ENOTFOUND') return fail(`${name}: ${code ?? 'no answer'}`);
      found = [];
    }
    const targets = found.map(({ host, port, meta }) => {
      const address = `${host.includes(':') ? `[${host}]` : host.replace(/\.$/, '')}:${port}`;
      return new Map([['__address__', address], ['__meta_dns_name', name], ...meta]);
    });
    groups.push({ source: name, targets, labels: new Map() });
  }
  return ok(groups);
}

async function lookup(
  name: string,
  { type, port }: Extract<Discovery, { kind: 'dns' }>,
  dns: DnsLookup,
): Promise<readonly Found[]> {
  const hosts = (all: readonly string[]): Found[] => all.toSorted().map((host) => ({ host, port, meta: [] }));
  if (type === 'A') return hosts(await dns.resolve4(name));
  if (type === 'AAAA') return hosts(await dns.resolve6(name));
  if (type === 'NS') return hosts(await dns.resolveNs(name));
  if (type === 'MX') {
    const records = await dns.resolveMx(name);
    return records.map(({ exchange }) => ({ host: exchange, port, meta: [['__meta_dns_mx_record_target', exchange]] }));
  }
  const records = await dns.resolveSrv(name);
  return records.map((record) => ({
    host: record.name,
    port: record.port,
    meta: [
      ['__meta_dns_srv_record_target', `${record.name}.`],
      ['__meta_dns_srv_record_port', String(record.port)],
    ],
  }));
}
