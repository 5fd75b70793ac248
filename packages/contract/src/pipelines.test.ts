import { expect, test } from 'vitest';
import { pipelineStep } from './pipelines.ts';
import { retentionClass } from './retention.ts';

test('a pipeline may choose every class that retention may have', () => {
  for (const name of ['default', 'pci_logs', 'till-2', '_x', 'PCI']) {
    const asClass = retentionClass.safeParse({ name, query: '', hotDays: 1, keepDays: 1 }).success;
    expect(pipelineStep.safeParse({ kind: 'route', retentionClass: name }).success).toBe(asClass);
  }
});
