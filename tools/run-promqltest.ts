/**
 * Runs a folder of promqltest scripts and says how many evaluations answer as expected, by file:
 *
 *   node tools/run-promqltest.ts <folder>                            against the evaluator, samples in memory
 *   node tools/run-promqltest.ts <folder> --url <server> --key <key> against a server: remote write 2.0, then its HTTP API
 *   … --differences 20                                               shows so many of each file (default 5)
 *   … --only native                                                  those scripts alone whose names begin so
 *
 * The public scripts: https://github.com/prometheus/prometheus/tree/main/promql/promqltest/testdata
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Evaluation, InMemoryTarget, runScript } from '@sightline/query/promql/testing';
import { ServerTarget } from './promqltest-server.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    key: { type: 'string', default: '' },
    differences: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  process.stderr.write('usage: node tools/run-promqltest.ts <folder> [--url <server> --key <key>] [--differences n]\n');
  process.exit(2);
}
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const shown = Number(values.differences);
const count = (evaluations: readonly Evaluation[]): string => {
  const good = evaluations.filter(({ difference }) => difference === undefined).length;
  return `${good} of ${evaluations.length}`;
};

let known: ServerTarget | undefined;
/** One for all scripts: it counts their organisations. */
const server = (url: string): ServerTarget => (known ??= new ServerTarget(url, values.key));

const all: Evaluation[] = [];
let refused = 0;
for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.test') && name.startsWith(values.only))
  .toSorted()) {
  const text = readFileSync(path.join(folder, file), 'utf8');
  const run = await (values.url === undefined
    ? runScript(text, new InMemoryTarget())
    : runScript(text, server(values.url)));
  if (!run.ok) {
    print(`${file}: ${run.error}`);
    refused++;
    continue;
  }
  all.push(...run.value);
  const histograms = run.value.filter((evaluation) => evaluation.histograms);
  const floats = run.value.filter((evaluation) => !evaluation.histograms);
  print(`${file}: floats ${count(floats)}, histograms ${count(histograms)}`);
  const different = run.value.filter(({ difference }) => difference !== undefined);
  for (const { line, expression, difference } of different.slice(0, shown))
    print(`  ${line}: ${expression}\n      ${difference ?? ''}`);
  if (different.length > shown) print(`  … ${different.length - shown} more`);
}
print(
  `floats ${count(all.filter(({ histograms }) => !histograms))}, histograms ${count(all.filter(({ histograms }) => histograms))}, all ${count(all)}`,
);
const hints = all.filter((evaluation) => evaluation.hints).length;
if (values.url !== undefined && hints > 0)
  print(`not compared: the hint of a counter reset, which ${hints} evaluations expect and the API does not write`);
process.exitCode = refused > 0 || all.some(({ difference }) => difference !== undefined) ? 1 : 0;
