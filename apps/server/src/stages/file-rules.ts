import type { RuleReader } from '@sightline/api';
import { FileRuleRunner, groupState, type SampleSink } from '@sightline/detect';
import { remoteWrite2Lane, type Spool } from '@sightline/ingest';
import { writeRw2Request } from '@sightline/ingest/metric-formats';
import type { MetricEngine } from '@sightline/query/promql';
import type { FindingSink } from '@sightline/record';
import type { StageParts } from '../stage.ts';

const visibleWithinMs = 5000;
const lookEveryMs = 100;

/** What the rules of files show to the rest of the server. */
export interface FileRulesStage {
  readonly reader: RuleReader;
  /** Reads `--rules` now; undefined where there are none. */
  reload(): ReturnType<FileRuleRunner['reload']>;
  /** Our own figures in Prometheus' text format. */
  metrics(): string;
}

export interface FileRulesParts {
  readonly findings: FindingSink;
  readonly engine: Pick<MetricEngine, 'instant'>;
  /** Where what rules record goes; undefined in a process that does not receive. */
  readonly spool: Spool | undefined;
  readonly holds: (organisation: string) => boolean;
}

/** Begins to evaluate rule files, Prometheus' and those over logs: those of `--rules` and those that were put through the API. */
export function openFileRules(stage: StageParts, { findings, engine, spool, holds }: FileRulesParts): FileRulesStage {
  const { config, stores, clock, logger, closers, publicUrl } = stage;
  const rules = new FileRuleRunner({
    control: stores.control,
    engine,
    logs: stores.store,
    samples: sampleSink(stage, spool),
    findings,
    holds,
    folder: config.rules,
    publicUrl,
    clock,
    logger,
  });
  closers.add('rules of files', () => rules.close());
  rules.start();
  return {
    reader: { groups: async (organisation) => rules.groupsOf(organisation).map(groupState) },
    reload: () => rules.reload(),
    metrics: () => rules.metrics(),
  };
}

/** Recorded series go the way of everything that is received: through the spool into the metric store. */
function sampleSink({ clock }: StageParts, spool: Spool | undefined): SampleSink {
  return {
    write: async (organisation, series) => {
      if (spool === undefined) throw new Error('this process has not the role ingest');
      const frame = {
        lane: remoteWrite2Lane,
        bytes: writeRw2Request(series),
        records: series.length,
        signal: 'metrics',
      } as const;
      const scope = { organisation, keyId: '', site: '', device: '', service: '', environment: '' };
      const meta = { protocol: 'rules', project: 0, receivedAtMs: clock.now(), atOnce: true };
      const kept = await spool.append([frame], scope, meta);
      if (!kept.ok) throw new Error('the spool takes no more at the moment');
    },
    visible: async () => {
      if (spool === undefined) return;
      const writtenAtMs = clock.now();
      for (let waitedMs = 0; waitedMs < visibleWithinMs; waitedMs += lookEveryMs) {
        const { oldestAtMs } = spool.status();
        if (oldestAtMs === undefined || oldestAtMs > writtenAtMs) return;
        await clock.sleep(lookEveryMs);
      }
    },
  };
}
