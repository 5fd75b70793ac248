/** Rules over logs on a real store and a real control plane: lines come, the alert waits, fires, becomes a finding, and is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ManualClock, silentLogger } from '@sightline/base';
import type { Control } from '@sightline/control';
import { testServers, type TestServer } from '@sightline/control/testing';
import type { Finding, ReceivedSeries } from '@sightline/record';
import type { EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileRuleRunner } from './file-rule-runner.ts';
import { fileOfNamespace } from './rule-language.ts';

const minuteMs = 60_000;
const clock = new ManualClock(Math.floor(Date.now() / minuteMs) * minuteMs);
const file = `
groups:
  - name: printers
    interval: 1m
    rules:
      - alert: Jam
        expr: sum by (site) (count_over_time({service_name="printer"} |= "jam" [2m])) > 2
        for: 1m
        labels: { severity: page }
        annotations: { summary: "{{ $value }} jams at {{ $labels.site }}" }
      - record: printer:lines
        expr: sum(count_over_time({service_name="printer"} [2m]))
      - alert: Unreadable
        expr: sum by (took) (sum_over_time({service_name="printer"} | json | unwrap took [2m])) > 0
`;

let folder: string;
let store: EmbeddedStore;
let server: TestServer;
let control: Control;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sl-logql-rules-'));
  const [first] = testServers;
  if (!first) throw new Error('no PostgreSQL');
  [store, server] = await Promise.all([openMigratedStore(folder), first.start()]);
  control = await server.freshControl(clock);
});
afterAll(async () => {
  await control?.close();
  await store?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function jams(organisation: string, site: string, count: number): Promise<void> {
  await store.execute(
    `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body)
     SELECT {organisation:String}, {site:String}, 'printer', fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64}), 17,
       concat('paper jam ', toString(number)) FROM numbers({count:UInt32})`,
    { organisation, site, at: clock.now() - 10_000, count },
    { settings: { insert_deduplication_token: `${organisation} ${site} ${clock.now()}` } },
  );
}

test('fire per site after `for`, record series, and end; another organisation’s lines do not count', async () => {
  const [one, two] = await Promise.all([control.organisations.ensure('One'), control.organisations.ensure('Two')]);
  if (!one.ok || !two.ok) throw new Error('no organisations');
  const organisation = one.value.id;
  await control.ruleFiles.put(organisation, fileOfNamespace('Shops'), file, 'ann');
  const found: Finding[] = [];
  const written: ReceivedSeries[] = [];
  const runner = new FileRuleRunner({
    control,
    engine: { instant: async () => fail({ kind: 'execution', message: 'not asked: these rules read logs' }) },
    logs: store,
    samples: {
      write: async (_, series) => {
        written.push(...series);
      },
      visible: async () => undefined,
    },
    findings: {
      accept: async (findings) => {
        found.push(...findings);
      },
    },
    holds: () => true,
    folder: '',
    publicUrl: () => '',
    clock,
    logger: silentLogger,
  });
  const round = async (): Promise<void> => {
    clock.advance(minuteMs);
    await runner.look();
    await runner.settled();
  };
  const rules = () => runner.groupsOf(organisation)[0]?.rules ?? [];

  await jams(organisation, 'STORE_001', 5);
  await jams(organisation, 'STORE_002', 2);
  await jams(two.value.id, 'STORE_003', 9);
  await round();
  const jam = rules()[0];
  expect(jam?.memory.lastError).toBe('');
  expect([...(jam?.memory.alerts.values() ?? [])]).toMatchObject([{ labels: { site: 'STORE_001' }, state: 'pending' }]);
  expect(found).toEqual([]);
  const recorded = written.find(({ labels }) => labels.includes('printer:lines'));
  expect([...(recorded?.values ?? [])]).toEqual([7]);

  await jams(organisation, 'STORE_001', 3);
  await round();
  expect(found).toMatchObject([
    {
      organisation,
      source: 'rule',
      sourceId: 'logql:Shops/printers/Jam',
      state: 'firing',
      severity: 'critical',
      summary: expect.stringMatching(/^\d+ jams at STORE_001$/) as string,
      labels: { alertname: 'Jam', site: 'STORE_001' },
      link: expect.stringMatching(/^\/logs\?mode=logql&q=/) as string,
    },
  ]);

  for (let quiet = 0; quiet < 3; quiet++) await round();
  expect(found.at(-1)).toMatchObject({ state: 'resolved', labels: { site: 'STORE_001' } });
  await runner.close();
});
