import { LogsRequestBuilder } from '@sightline/ingest';
import { usageOf } from './process-tree.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

export interface RulesFigures {
  readonly rules: number;
  /** Processor time of all processes while data flows, as a share of one core: before the rules are there, and with them. */
  readonly shareBefore: number;
  readonly shareWith: number;
  /** Queries a minute, and evaluations that were left out because the ones before had not ended. */
  readonly queriesPerMin: number;
  readonly missed: number;
  readonly failures: number;
  /** From the acknowledgement of the faulty records until the rule fires, seconds: median and slowest. */
  readonly faultToFiringP50S: number;
  readonly faultToFiringMaxS: number;
}

const sites = 500;
const siteOf = (index: number): string => `STORE_${String(1 + (index % sites)).padStart(3, '0')}`;
const services = ['gateway', 'orders', 'payment', 'inventory', 'sync'];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Conditions as people write them, one for each kind of store trouble; every store has all of them. */
const shapes: readonly {
  readonly name: string;
  readonly settings: (site: string) => unknown;
  readonly type?: string;
}[] = [
  ...['severity:>=error', 'severity:fatal', 'severity:>=warn service:payment', 'severity:>=error service:orders'].map(
    (query) => records(query, 'count'),
  ),
  ...['timeout', 'declined', '"queue full"', 'refused service:gateway', 'restarted', 'deadlock'].map((query) =>
    records(query, 'count'),
  ),
  records('severity:>=error', 'rate'),
  records('http.response.status_code:>=500', 'share'),
  records('declined', 'share'),
  records('status:>=500', 'share', 'spans'),
  records('kind:server', 'percentile', 'spans'),
  records('', 'count', 'errors'),
  metric('payment_attempts_total', 'share'),
  metric('system_cpu_utilization_ratio', 'avg'),
  metric('order_count_total', 'increase'),
  {
    name: 'silent',
    type: 'absence',
    settings: (site) => ({ table: 'any', query: `site:${site}`, by: ['site'], silentMs: 600_000 }),
  },
];

function records(query: string, measure: string, table = 'logs'): (typeof shapes)[number] {
  return {
    name: `${table} ${query} ${measure}`,
    settings: (site) => ({
      source: { kind: 'records', table, query: `${query} site:${site}`, measure, of: `site:${site}` },
      windowMs: 300_000,
      operator: '>',
      threshold: measure === 'share' ? 99.9 : 1e6,
      by: ['site'],
    }),
  };
}

function metric(name: string, aggregate: string): (typeof shapes)[number] {
  return {
    name: `${name} ${aggregate}`,
    settings: (site) => ({
      source: {
        kind: 'metric',
        metrics: [name],
        where: { site, ...(aggregate === 'share' ? { outcome: 'failure' } : {}) },
        aggregate,
        ofWhere: { site },
      },
      windowMs: 300_000,
      operator: '>',
      threshold: aggregate === 'share' ? 99.9 : 1e6,
      by: ['site'],
    }),
  };
}

interface Signed {
  readonly post: (path: string, body: unknown) => Promise<Record<string, unknown>>;
  readonly get: (path: string) => Promise<Record<string, unknown>>;
}

/** Signs in as the owner that the bench's server has. */
async function signIn(server: ServerUnderTest): Promise<Signed> {
  const reply = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'bench@example.com', password: 'bench-password' }),
  });
  const me = (await reply.json()) as { csrfToken: string };
  const headers = {
    cookie: reply.headers.getSetCookie()[0]?.split(';')[0] ?? '',
    'x-csrf-token': me.csrfToken,
    'content-type': 'application/json',
  };
  const read = async (answer: Response): Promise<Record<string, unknown>> => {
    if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  return {
    post: async (path, body) =>
      read(await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })),
    get: async (path) => read(await fetch(server.url + path, { headers })),
  };
}

/** Sends records of all sites until it is stopped. */
class Flow {
  readonly #server: ServerUnderTest;
  readonly #perSecond: number;
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(server: ServerUnderTest, perSecond: number) {
    this.#server = server;
    this.#perSecond = perSecond;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const perRequest = 50;
    for (let request = 0; !this.#stopped; request++) {
      const builder = new LogsRequestBuilder();
      builder.resource({
        'service.name': services[request % services.length] ?? '',
        'site.id': siteOf(request),
        'deployment.environment.name': 'production',
      });
      for (let i = 0; i < perRequest; i++) {
        builder.add({
          timeNs: BigInt(Date.now()) * 1_000_000n,
          severityNumber: i % 40 === 0 ? 17 : 9,
          body: `order ord_${request}_${i} captured by terminal ${i} in ${i * 7} ms${i === 3 ? ', card declined' : ''}`,
          attributes: { 'http.response.status_code': i % 25 === 0 ? 502 : 200, 'order.id': `ord_${request}_${i}` },
        });
      }
      await send(this.#server, builder);
      await sleep((perRequest * 1000) / this.#perSecond);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

async function send(server: ServerUnderTest, builder: LogsRequestBuilder): Promise<void> {
  const reply = await fetch(`${server.url}/v1/logs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/x-protobuf' },
    body: builder.build(),
  });
  await reply.arrayBuffer();
}

async function figure(server: ServerUnderTest, name: string): Promise<number> {
  const text = await (
    await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.key}` } })
  ).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

async function shareOver(pid: number, seconds: number): Promise<number> {
  const before = usageOf(pid).cpuS;
  const startedMs = performance.now();
  await sleep(seconds * 1000);
  return (usageOf(pid).cpuS - before) / ((performance.now() - startedMs) / 1000);
}

/** Rules of every shape for every site, and of the last twentieth each with a word of its own. */
async function createRules(api: Signed, count: number): Promise<void> {
  const distinct = Math.floor(count / 20);
  let made = 0;
  const worker = async (): Promise<void> => {
    while (made < count) {
      const i = made++;
      const shape =
        i >= count - distinct ? records(`word${i}`, 'count') : shapes[Math.floor(i / sites) % shapes.length];
      if (!shape) continue;
      const site = siteOf(i);
      await api.post('/api/v1/rules', {
        name: `${i} ${shape.name} ${site}`,
        type: shape.type ?? 'threshold',
        settings: shape.settings(site),
        severity: 'high',
        everyMs: 60_000,
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** A fault at one site after the other, at any moment of the interval at which the critical ready rules are evaluated. */
async function faultsToFiring(server: ServerUnderTest, api: Signed, rounds: number): Promise<number[]> {
  const waits: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const word = `meltdown${round}`;
    const rule = await api.post('/api/v1/rules', {
      name: `fault ${round}`,
      type: 'threshold',
      settings: {
        source: { kind: 'records', table: 'logs', query: word, measure: 'count' },
        windowMs: 300_000,
        operator: '>',
        threshold: 0,
        by: ['site'],
      },
      severity: 'critical',
      everyMs: 15_000,
    });
    const builder = new LogsRequestBuilder();
    builder.resource({ 'service.name': 'orders', 'site.id': siteOf(round * 37) });
    builder.add({ timeNs: BigInt(Date.now()) * 1_000_000n, severityNumber: 21, body: `${word} of the oven` });
    await send(server, builder);
    const sentMs = performance.now();
    for (;;) {
      const { groups } = (await api.get(`/api/v1/rules/${rule['id'] as string}/groups`)) as {
        groups: { state: string }[];
      };
      if (groups.some((group) => group.state === 'firing')) break;
      if (performance.now() - sentMs > 180_000) break;
      await sleep(250);
    }
    waits.push((performance.now() - sentMs) / 1000);
    await sleep(3000 + ((round * 6700) % 15_000));
  }
  return waits.sort((a, b) => a - b);
}

/** What the evaluation of many rules costs while data flows, and how soon a fault is found beside them. */
export async function benchRules(count: number, recordsPerS: number, minutes: number): Promise<RulesFigures> {
  const server = await startServer();
  const flow = new Flow(server, recordsPerS);
  try {
    const api = await signIn(server);
    await sleep(30_000);
    const shareBefore = await shareOver(server.pid, minutes * 60);
    await createRules(api, count);
    await sleep(70_000);
    const queries = await figure(server, 'sightline_rule_queries_total');
    const shareWith = await shareOver(server.pid, minutes * 60);
    const queriesPerMin = ((await figure(server, 'sightline_rule_queries_total')) - queries) / minutes;
    const waits = await faultsToFiring(server, api, 5);
    return {
      rules: await figure(server, 'sightline_rules'),
      shareBefore,
      shareWith,
      queriesPerMin,
      missed: await figure(server, 'sightline_rule_missed_total'),
      failures: await figure(server, 'sightline_rule_failures_total'),
      faultToFiringP50S: waits[Math.floor(waits.length / 2)] ?? Number.NaN,
      faultToFiringMaxS: waits.at(-1) ?? Number.NaN,
    };
  } finally {
    await flow.stop();
    await server.stop();
  }
}
