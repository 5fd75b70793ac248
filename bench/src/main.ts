import { parseArgs } from 'node:util';
import { benchAgent } from './agent.ts';
import { benchArchive } from './archive.ts';
import { benchAgents } from './agents.ts';
import type { IngestFigures } from './measure-ingest.ts';
import { benchOtlpLogs, benchOtlpTraces, benchSentryErrors } from './otlp-logs.ts';
import { compareGrouping } from './grouping-agreement.ts';
import { benchStart } from './start.ts';
import { benchQueries } from './queries.ts';
import { benchLiveTail } from './live-tail.ts';
import { benchReplayStart } from './replay-start.ts';
import { benchRules } from './rules.ts';
import { benchPipelines } from './pipelines.ts';
import { benchLogIngest } from './log-ingest.ts';
import { benchPromql } from './promql.ts';
import { benchMetricBytes } from './metric-bytes.ts';
import { benchRemoteWrite } from './remote-write-cost.ts';

const help = `Measures Sightline, and a peer beside it in the same run. Trust ratios, not single figures.

  npm run bench -- otlp-logs [--records 2000000] [--rounds 3] [--peer-url <otlp logs url> --peer-pid <pid> --peer-data <folder>]
  npm run bench -- log-ingest [--records 1000000] [--rounds 3] [--protocol <part of a name>] [--victoria-logs <program>] [--loki <program>]
  npm run bench -- otlp-traces [--records 2000000] [--rounds 3]
  npm run bench -- sentry-errors [--records 20000] [--rounds 3]
  npm run bench -- queries   [--logs 10000000] [--spans 5000000] [--data <folder that is filled once and kept>] [--only <parts of names|of queries>]
  npm run bench -- archive   [--logs 6000000]
  npm run bench -- promql    [--scale 1] [--hours 24] [--wide 0] [--peer-url <base url> --peer-pid <pid> --peer-data <folder>]
  npm run bench -- remote-write [--scale 1] [--hours 2] [--rounds 3] [--samples-per-series 40] [--victoria-metrics <program>] [--prometheus <program>]
  npm run bench -- metric-bytes [--series 300] [--victoria-metrics <program>]
  npm run bench -- pipelines [--records 50000] [--rounds 3]
  npm run bench -- start
  npm run bench -- live-tail [--rate 5000] [--seconds 15]
  npm run bench -- replay-start [--rounds 3]
  npm run bench -- rules     [--rules 10000] [--rate 1000] [--minutes 3]
  npm run bench -- grouping  --inputs <folder>
  npm run bench -- agent     [--seconds 60]
  npm run bench -- agents    [--agents 100] [--seconds 60]

  agent      memory and processor time of a site's idle agent
  agents     what idle agents cost the server
  otlp-logs  records per second and per CPU second, latency, memory, bytes on disk of OTLP/HTTP log ingest with everything on
  log-ingest  the same of Loki push (JSON, protobuf), _bulk and syslog over TCP; the peers named are started beside us and sent the same
  otlp-traces  the same of OTLP/HTTP trace ingest
  sentry-errors  the same of Sentry envelopes with one error each, grouped
  archive    searches of a month that lies in the archive, one store among twenty
  queries    times of the searches people make, on generated logs and spans
  pipelines  what loading logs costs with and without pipelines
  promql     a day of 14,500 series by remote write, then the questions of dashboards; VictoriaMetrics or Prometheus beside us
  remote-write  processor time of taking the same samples by remote write, the peers named started beside us
  metric-bytes  bytes that a sample takes on disk, by kind, and whether it comes back to the bit
  rules      what many rules cost while data of 500 sites flows, and how soon a fault is found
  grouping   how far error grouping agrees with another program's verdicts on events in a folder of yours (format: src/grouping-agreement.ts)
  live-tail  what a browser sees of a live tail: lines, dropped ones, times between frames; plain, paused, filtered
  replay-start  how soon the first page of a recorded session is drawn and can be played, with an empty and a warm cache
  start      time to ready of a first and a second start, memory when idle

  Results worth keeping go to bench/RESULTS.md with the command that repeats them.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    logs: { type: 'string', default: '10000000' },
    spans: { type: 'string', default: '5000000' },
    rules: { type: 'string', default: '10000' },
    rate: { type: 'string' },
    agents: { type: 'string', default: '100' },
    seconds: { type: 'string' },
    scale: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    wide: { type: 'string', default: '0' },
    inputs: { type: 'string', default: '' },
    minutes: { type: 'string', default: '3' },
    data: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    protocol: { type: 'string', default: '' },
    'victoria-logs': { type: 'string', default: '' },
    loki: { type: 'string', default: '' },
    series: { type: 'string', default: '300' },
    'victoria-metrics': { type: 'string', default: '' },
    prometheus: { type: 'string', default: '' },
    'samples-per-series': { type: 'string', default: '40' },
    'peer-url': { type: 'string', default: '' },
    'peer-pid': { type: 'string', default: '0' },
    'peer-data': { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

async function otlpLogs(): Promise<void> {
  const peer = values['peer-url']
    ? { url: values['peer-url'], pid: Number(values['peer-pid']), dataFolder: values['peer-data'] }
    : undefined;
  printIngest(await benchOtlpLogs(Number(values.records), Number(values.rounds), peer));
}

async function logIngest(): Promise<void> {
  const peers = { victoriaLogs: values['victoria-logs'], loki: values.loki };
  const figures = await benchLogIngest(Number(values.records), Number(values.rounds), values.protocol, peers);
  const rows = ingestRows(figures);
  console.table(rows.map((row) => ({ ...row, ...countsOf(figures, row.name) })));
  for (const row of rows.filter(({ name }) => !name.endsWith(': sightline'))) {
    const own = rows.find(({ name }) => name === `${row.name.split(':')[0]}: sightline`);
    if (own)
      console.log(
        `${row.name}: per CPU second we take ${(own['records/CPU s'] / row['records/CPU s']).toFixed(2)} × as many`,
      );
  }
}

function countsOf(figures: readonly (IngestFigures & { found: number; sent: number })[], name: string) {
  const one = figures.find((figure) => figure.name === name);
  return { sent: one?.sent, found: one?.found };
}

function printIngest(figures: readonly IngestFigures[]): void {
  const rows = ingestRows(figures);
  console.table(rows);
  const own = rows.find((row) => row.name === 'sightline');
  const peers = rows.find((row) => row.name === 'peer');
  if (own && peers) {
    console.log(`records per CPU second: ${(own['records/CPU s'] / peers['records/CPU s']).toFixed(2)} × the peer's`);
    console.log(`records per second:     ${(own['records/s'] / peers['records/s']).toFixed(2)} × the peer's`);
  }
}

function ingestRows(figures: readonly IngestFigures[]) {
  const names = [...new Set(figures.map((figure) => figure.name))];
  return names.map((name) => {
    const own = figures.filter((figure) => figure.name === name);
    const of = (pick: (figure: (typeof own)[number]) => number): number => median(own.map(pick));
    return {
      name,
      'records/s': Math.round(of((f) => f.recordsPerS)),
      'records/CPU s': Math.round(of((f) => f.recordsPerCpuS)),
      'p50 ms': Number(of((f) => f.p50Ms).toFixed(1)),
      'p99 ms': Number(of((f) => f.p99Ms).toFixed(1)),
      'peak MB': Math.round(of((f) => f.peakBytes) / 1e6),
      'bytes/record': Math.round(of((f) => f.bytesPerRecord)),
      refused: of((f) => f.refused),
      'visible p50 ms': Math.round(of((f) => f.visibleP50Ms)),
      'visible max ms': Math.round(of((f) => f.visibleMaxMs)),
    };
  });
}

const scenario = positionals[0];
if (values.help || !scenario) console.log(help);
else if (scenario === 'otlp-logs') await otlpLogs();
else if (scenario === 'log-ingest') await logIngest();
else if (scenario === 'otlp-traces') printIngest(await benchOtlpTraces(Number(values.records), Number(values.rounds)));
else if (scenario === 'sentry-errors')
  printIngest(await benchSentryErrors(Math.min(Number(values.records), 100_000), Number(values.rounds)));
else if (scenario === 'queries')
  console.table(
    await benchQueries({
      logs: Number(values.logs),
      spans: Number(values.spans),
      dataFolder: values.data,
      only: values.only,
    }),
  );
else if (scenario === 'archive') console.table(await benchArchive(Math.min(Number(values.logs), 6_000_000)));
else if (scenario === 'rules')
  console.table(await benchRules(Number(values.rules), Number(values.rate ?? 1000), Number(values.minutes)));
else if (scenario === 'promql') {
  const peer = values['peer-url']
    ? { url: values['peer-url'], pid: Number(values['peer-pid']), dataFolder: values['peer-data'] }
    : undefined;
  console.table(await benchPromql(Number(values.scale), Number(values.hours), Number(values.wide), peer));
} else if (scenario === 'metric-bytes')
  console.table(await benchMetricBytes(Number(values.series), values['victoria-metrics']));
else if (scenario === 'remote-write')
  console.table(
    await benchRemoteWrite({
      scale: Number(values.scale),
      hours: Math.min(Number(values.hours), 6),
      rounds: Number(values.rounds),
      samplesPerSeries: Number(values['samples-per-series']),
      victoriaMetrics: values['victoria-metrics'],
      prometheus: values.prometheus,
    }),
  );
else if (scenario === 'agent') console.table(await benchAgent(Number(values.seconds ?? 60)));
else if (scenario === 'agents') console.table(await benchAgents(Number(values.agents), Number(values.seconds ?? 60)));
else if (scenario === 'pipelines')
  console.table(await benchPipelines(Math.min(Number(values.records), 100_000), Number(values.rounds)));
else if (scenario === 'grouping') {
  const { table, disagreements } = compareGrouping(values.inputs);
  console.table(table);
  for (const { name, what } of disagreements) console.log(`${name}: ${what}`);
} else if (scenario === 'start') console.table(await benchStart());
else if (scenario === 'live-tail')
  console.table(await benchLiveTail(Number(values.rate ?? 5000), Number(values.seconds ?? 15)));
else if (scenario === 'replay-start')
  for (const { name, firstPageMs, parts } of await benchReplayStart(Number(values.rounds)))
    console.log(name, { fastest: firstPageMs[0], median: median(firstPageMs), ...parts });
else {
  console.error(`There is no scenario "${scenario}".\n\n${help}`);
  process.exitCode = 2;
}
