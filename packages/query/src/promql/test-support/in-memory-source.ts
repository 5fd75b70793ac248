import { RE2JS } from 're2js';
import type { Matcher } from '../ast.ts';
import { KernelNotes } from '../kernels/kernel.ts';
import { runKernel } from '../kernels/run-kernel.ts';
import { labelOf } from '../reduce/grouping.ts';
import { GroupReduction } from '../reduce/group-reduction.ts';
import type { Labels, SampleColumns, ScannedSeries, ScanRequest, ScanResult, SeriesSource } from '../source.ts';

export interface StoredSeries {
  readonly labels: Labels;
  readonly samples: SampleColumns;
}

type Test = (labels: Labels) => boolean;

/** Whether labels meet a matcher. */
export function testOf({ label, operator, value }: Matcher): Test {
  if (operator === '=') return (labels) => labelOf(labels, label) === value;
  if (operator === '!=') return (labels) => labelOf(labels, label) !== value;
  const pattern = RE2JS.compile(`^(?s:${value})$`);
  const wanted = operator === '=~';
  return (labels) => pattern.matches(labelOf(labels, label)) === wanted;
}

/** Samples in memory, scanned as a store would scan them; for tests. */
export class InMemorySource implements SeriesSource {
  readonly series: StoredSeries[] = [];
  /** False to leave every reduction to the evaluator. */
  reduces = true;

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
