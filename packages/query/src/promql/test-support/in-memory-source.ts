import { RE2JS } from 're2js';
import type { Matcher } from '../ast.ts';
import { keyOf } from '../evaluate/values.ts';
import { KernelNotes } from '../kernels/kernel.ts';
import { runKernel } from '../kernels/run-kernel.ts';
import { GroupReduction } from '../reduce/group-reduction.ts';
import type { Labels, SampleColumns, ScannedSeries, ScanRequest, ScanResult, SeriesSource } from '../source.ts';

export interface StoredSeries {
  readonly labels: Labels;
  readonly samples: SampleColumns;
}

type Test = (labels: Labels) => boolean;

function testOf({ label, operator, value }: Matcher): Test {
  if (operator === '=') return (labels) => (labels[label] ?? '') === value;
  if (operator === '!=') return (labels) => (labels[label] ?? '') !== value;
  const pattern = RE2JS.compile(`^(?s:${value})$`);
  const wanted = operator === '=~';
  return (labels) => pattern.matches(labels[label] ?? '') === wanted;
}

/** Samples in memory, scanned as a store would scan them; for tests. */
export class InMemorySource implements SeriesSource {
  readonly series: StoredSeries[] = [];
  /** False to leave every reduction to the evaluator. */
  reduces = true;

  /** Adds samples to the series of these labels; those of a time that is taken replace it. */
  append(labels: Labels, samples: SampleColumns): void {
    const key = keyOf(labels);
    const index = this.series.findIndex((one) => keyOf(one.labels) === key);
    const known = this.series[index];
    if (known) this.series[index] = { labels, samples: joined(known.samples, samples) };
    else this.series.push({ labels, samples });
  }

  async scan(request: ScanRequest): Promise<ScanResult> {
    await Promise.resolve();
    const { kernel, grid, reduction } = request;
    const tests = request.matchers.map(testOf);
    const matching = this.series.filter(({ labels }) => tests.every((test) => test(labels)));
    const notes = new KernelNotes();
    const scanned: ScannedSeries[] = [];
    let samples = 0;
    for (const stored of matching) {
      notes.metric = stored.labels.__name__ ?? '';
      samples += stored.samples.count;
      const values = runKernel(kernel, stored.samples, grid, notes);
      if (values.present.includes(1)) scanned.push({ labels: stored.labels, ...values });
    }
    const { annotations } = notes;
    if (!reduction || !this.reduces || scanned.some(({ histograms }) => histograms !== undefined)) {
      return { series: scanned, reduced: false, samples, annotations };
    }
    // Two halves, as two workers would do it.
    const halves = [new GroupReduction(reduction, grid.count), new GroupReduction(reduction, grid.count)] as const;
    scanned.forEach(({ labels, ...values }, index) => halves[index < scanned.length / 2 ? 0 : 1].add(labels, values));
    halves[0].merge(halves[1].parts());
    return { series: halves[0].finish(), reduced: true, samples, annotations };
  }
}

function joined(before: SampleColumns, after: SampleColumns): SampleColumns {
  const places = new Map<number, readonly [SampleColumns, number]>();
  for (const columns of [before, after]) {
    for (let i = 0; i < columns.count; i++) places.set(columns.times[i]!, [columns, i]);
  }
  const order = [...places.entries()].sort(([left], [right]) => left - right).map(([, place]) => place);
  const values = new Float64Array(order.length);
  // By bits, as a staleness mark could lose them on its way through a number.
  const bits = new BigUint64Array(values.buffer);
  for (const [to, [columns, from]] of order.entries()) {
    bits[to] = new BigUint64Array(columns.values.buffer, columns.values.byteOffset)[from]!;
  }
  return {
    count: order.length,
    times: Float64Array.from(order, ([columns, i]) => columns.times[i]!),
    values,
    ...((before.histograms ?? after.histograms) && {
      histograms: order.map(([columns, i]) => columns.histograms?.[i]),
    }),
    ...((before.startTimes ?? after.startTimes) && {
      startTimes: Float64Array.from(order, ([columns, i]) => columns.startTimes?.[i] ?? 0),
    }),
  };
}
