/** Two organisations on one server: each has what it is scraped by, and StatsD ports of its own. */
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '@sightline/base';
import type { Control } from '@sightline/control';
import { testServers, type TestServer } from '@sightline/control/testing';
import { decodeWriteRequest2 } from '@sightline/ingest/metric-formats';
import type { KeyScope, ReceivedSeries } from '@sightline/record';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Closers } from '../closers.ts';
import { readConfig } from '../config.ts';
import type { StageParts } from '../stage.ts';
import { KeptScraping } from './kept-scraping.ts';
import { openStatsd } from './statsd.ts';

const [embedded] = testServers;
let server: TestServer;
let control: Control;
let one: string;
let two: string;
const targets: Server[] = [];
const running: KeptScraping[] = [];

beforeAll(async () => {
  if (!embedded) throw new Error('there is no PostgreSQL');
  server = await embedded.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  control = await server.freshControl();
  // The older one stands behind by name: "first" is who set the installation up.
  for (const name of ['Zeta', 'Alpha']) {
    const made = await control.organisations.ensure(name);
    if (!made.ok) throw new Error(made.error.message);
    if (name === 'Zeta') one = made.value.id;
    else two = made.value.id;
  }
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((kept) => kept.close()));
  for (const target of targets.splice(0)) target.close();
  await control.close();
});

async function target(text: string): Promise<number> {
  const http = createServer((_, response) => response.setHeader('content-type', 'text/plain').end(text));
  targets.push(http);
  await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
  return (http.address() as AddressInfo).port;
}
const scrapes = (job: string, port: number): string =>
  `scrape_configs: [{ job_name: ${job}, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]`;

interface Got {
  readonly organisation: string;
  readonly name: string;
  readonly value: number | undefined;
  readonly stale: boolean;
}
const gotOf = (organisation: string, { labels, values, stale }: ReceivedSeries): Got => ({
  organisation,
  name: labels[labels.indexOf('__name__') + 1] ?? '',
  value: values[0],
  stale: stale !== undefined,
});

function start(got: Got[], holder = 'me'): KeptScraping {
  const kept = new KeptScraping({
    configurations: control.scrapeConfigurations,
    leases: control.detect.leases,
    holder,
    scraperOf: (organisation) => ({
      sink: { append: async (series) => void got.push(...series.map((one) => gotOf(organisation, one))) },
      clock: systemClock,
      logger: silentLogger,
      version: '0',
    }),
    clock: systemClock,
    logger: silentLogger,
  });
  running.push(kept);
  return kept;
}

describe('scraping', () => {
  it('follows what each organisation writes, and what it scrapes is its own', async () => {
    const got: Got[] = [];
    await control.scrapeConfigurations.put(one, scrapes('a', await target('x 1\n')), 'ann');
    await control.scrapeConfigurations.put(two, scrapes('b', await target('y 2\n')), 'bob');
    const kept = start(got);
    await kept.look();
    expect([kept.of(one)?.jobs(), kept.of(two)?.jobs()]).toEqual([['a'], ['b']]);
    const own = () =>
      new Set(
        got.filter(({ name }) => 'xyz'.includes(name)).map((each) => `${each.organisation} ${each.name} ${each.value}`),
      );
    await expect.poll(own, { timeout: 10_000 }).toEqual(new Set([`${one} x 1`, `${two} y 2`]));

    await control.scrapeConfigurations.put(one, scrapes('a', await target('z 3\n')), 'ann');
    await control.scrapeConfigurations.remove(two);
    await kept.look();
    expect(kept.of(two)).toBeUndefined();
    expect(got.filter(({ organisation, stale }) => organisation === two && stale).map(({ name }) => name)).toContain(
      'y',
    );
    await expect.poll(own, { timeout: 10_000 }).toContain(`${one} z 3`);
  });

  it('is done by one server of two, and by the other when the first is gone', async () => {
    await control.scrapeConfigurations.put(one, scrapes('a', await target('x 1\n')), 'ann');
    const [first, second] = [start([], 'first'), start([], 'second')];
    await first.look();
    await second.look();
    expect([first.of(one)?.jobs(), second.of(one)]).toEqual([['a'], undefined]);
    await first.close();
    await second.look();
    expect(second.of(one)?.jobs()).toEqual(['a']);
  });

  it('goes on as before where a text can no longer be read', async () => {
    await control.scrapeConfigurations.put(one, scrapes('a', await target('x 1\n')), 'ann');
    const kept = start([]);
    await kept.look();
    await control.scrapeConfigurations.put(one, 'scrape_configs: [{}]', 'ann');
    await kept.look();
    expect(kept.of(one)?.jobs()).toEqual(['a']);
  });
});

describe('StatsD', () => {
  it('has a port for each organisation; one without a name is of the organisation that was set up first', async () => {
    const [first, named] = [await freePort(), await freePort()];
    const read = readConfig(['--statsd-port', `${first},${named}=Alpha`, '--host', '127.0.0.1'], {}, '/');
    if (!read.ok) throw new Error(read.error.sentence);
    const got: Got[] = [];
    const closers = new Closers(silentLogger);
    const stage = { config: read.value, stores: { control }, clock: systemClock, logger: silentLogger, closers };
    openStatsd(stage as unknown as StageParts, {
      spool: {
        append: async (frames, scope: KeyScope) => {
          for (const { bytes } of frames)
            got.push(
              ...decodeWriteRequest2({ bytes: Buffer.from(bytes), scope }).series.map((each) =>
                gotOf(scope.organisation, each),
              ),
            );
          return { ok: true, value: undefined };
        },
      },
      ledger: { count: () => undefined, received: () => undefined },
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const udp = createSocket('udp4');
    udp.send('orders:1|c', first, '127.0.0.1');
    udp.send('orders:5|c|#store:S1', named, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 300));
    udp.close();
    await closers.closeAll();
    expect(new Set(got.map(({ organisation, name, value }) => `${organisation} ${name} ${value}`))).toEqual(
      new Set([`${one} orders_total 1`, `${two} orders_total 5`]),
    );
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((ready) => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((closed) => void probe.close(() => closed()));
  return port;
}
