import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { type Control, openControl } from '@sightline/control';
import { organisationOf } from '@sightline/control/testing';
import { readyRules } from '@sightline/detect';
import { type Evidence, openRespond } from '@sightline/respond';
import { migrate, openEmbeddedStore, type TelemetryStore } from '@sightline/store';
import { InMemoryEngine } from '@sightline/query/promql/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evidenceSource } from './evidence.ts';

let folder: string;
let store: TelemetryStore;
let control: Control;
let organisation: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sightline-evidence-'));
  const parts = { dataFolder: folder, logger: silentLogger, clock: systemClock };
  [store, control] = await Promise.all([openEmbeddedStore(parts), openControl(parts)]);
  await migrate(store, silentLogger);
  organisation = await organisationOf(control, 'Stores');
  await fill();
});
afterAll(async () => {
  await store?.close();
  await control?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Half an hour of a store that fails: an error line each ten seconds, and a release that came five minutes ago. */
async function fill(): Promise<void> {
  await store.execute(
    `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body)
     SELECT '${organisation}', if(number % 2 = 0, 'STORE_047', 'STORE_048'), 'payment', now64(9) - toIntervalSecond(number * 5), now64(9), 17,
       concat('Declined ', toString(number)) FROM numbers(360)`,
    {},
    { settings: { insert_deduplication_token: 'logs' } },
  );
  await store.execute(
    `INSERT INTO spans (organisation, site, service, release, ts, received_at, duration_ns, name, kind, status_code)
     SELECT '${organisation}', 'STORE_047', 'payment', if(number < 30, '2.4.1', '2.4.0'), now64(9) - toIntervalSecond(1 + number * 10), now64(9), 1000000,
       'POST /pay', 2, 2 FROM numbers(180)`,
    {},
    { settings: { insert_deduplication_token: 'spans' } },
  );
}

async function captured(site: string, signal = AbortSignal.timeout(60_000)): Promise<Evidence> {
  await control.detect.rules.ensureReady(organisation, readyRules);
  const rule = (await control.detect.rules.list(organisation)).find(({ ready }) => ready === 'error-rate');
  const respond = openRespond({ control, clock: systemClock, logger: silentLogger });
  const now = systemClock.now();
  await respond.accept([
    {
      organisation,
      source: 'rule',
      sourceId: rule?.id ?? '',
      state: 'firing',
      severity: 'high',
      title: `Errors at ${site}`,
      summary: '12 a minute',
      labels: { site },
      annotations: {},
      value: 12,
      threshold: 10,
      unit: '1/min',
      link: '',
      sinceMs: now,
      atMs: now,
      expiresAtMs: null,
      policy: '',
      runbook: '',
    },
  ]);
  const listed = await control.respond.incidents.list(organisation, {
    status: 'active',
    severity: '',
    site,
    rule: '',
    text: '',
    limit: 1,
    cursor: '',
  });
  const incident = listed.ok ? listed.value.incidents[0] : undefined;
  if (!incident) throw new Error('no incident');
  const findings = await control.respond.incidents.findings(organisation, incident.id);
  return evidenceSource({ ...store, metrics: new InMemoryEngine() }, control, systemClock).capture(
    incident,
    findings,
    signal,
  );
}

it('shows the measure of the rule, the site, the last lines and what changed before', async () => {
  const evidence = await captured('STORE_047');
  expect(evidence.missing).toEqual([]);
  const [measure, ...others] = evidence.charts;
  expect(measure).toMatchObject({
    title: 'More than 10 errors a minute',
    threshold: 10,
    series: [{ name: 'STORE_047' }],
  });
  expect(measure?.series[0]?.points.length).toBeGreaterThan(3);
  expect(others.map(({ title }) => title)).toContain('errors');
  expect(evidence.logs).toHaveLength(20);
  expect(new Set(evidence.logs.map(({ site }) => site))).toEqual(new Set(['STORE_047']));
  expect(evidence.changes.map(({ text }) => text)).toEqual(['payment 2.4.1 began to report']);
});

it('of a place that reports nothing is empty, and says so by itself', async () => {
  const evidence = await captured('STORE_099');
  expect(evidence).toMatchObject({ charts: [], errors: [], logs: [], containers: [], changes: [], missing: [] });
});

it('is refused as a whole while the telemetry store does not answer: it is captured later', async () => {
  await expect(captured('STORE_048', AbortSignal.abort())).rejects.toThrow('Logs: ');
});
