import type { Uptime } from '@sightline/detect';
import type { Metrics } from '@sightline/metrics';
import type { FindingSink } from '@sightline/record';
import type { Deliverer, Respond } from '@sightline/respond';
import type { Later, StageParts } from '../stage.ts';
import { readsOf } from '../stores.ts';
import { openDetect } from './detect.ts';
import { type FileRulesStage, openFileRules } from './file-rules.ts';
import { openFoldedWatch } from './folded-metrics.ts';
import { type Ingest, ingestStatus } from './ingest.ts';
import { wholeAnswers } from './metrics.ts';
import { openMonitors } from './monitors.ts';
import { openNotify } from './notify.ts';
import { openOwnership } from './ownership.ts';
import { openRespondStage } from './respond.ts';
import { openSpanSteps } from './spans.ts';

/** What notices that something is wrong, and tells people. */
export interface Watch {
  readonly respond: Respond;
  readonly uptime: Uptime;
  /** Rule files at work; undefined where this process evaluates none. */
  readonly fileRules: FileRulesStage | undefined;
  /** Begins to deliver, to escalate and to work on spans; call it once the port is bound, for messages link to it. */
  start(): void;
  /** Our own figures in Prometheus' text format. */
  metrics(): string;
}

export interface WatchParts {
  readonly metrics: Metrics | undefined;
  readonly ingest: Ingest | undefined;
  /** Set as soon as findings may be told. */
  readonly findings: Later<FindingSink>;
}

/** Opens incidents and monitors, and with the role `detect` the rules, those of files where metrics can be asked. */
export function openWatch(stage: StageParts, { metrics, ingest, findings }: WatchParts): Watch {
  const { config, stores, clock } = stage;
  const detects = config.roles.has('detect');
  const delivery: Later<Deliverer> = { current: undefined };
  const sampling: Later<{ metrics(): string }> = { current: undefined };
  const onMessages = (): void => delivery.current?.wake();
  const responding = openRespondStage(stage, onMessages);
  const { respond } = responding;
  findings.current = respond;
  const uptime = openMonitors(stage, respond);
  const acting = metrics && wholeAnswers(metrics);
  const rules = detects
    ? openDetect({ ...stage, reads: readsOf(stores, acting) }, respond, () => ingestStatus(ingest?.spool, clock).lagMs)
    : undefined;
  const foldedWatch = rules && openFoldedWatch(stage, respond);
  if (detects) openOwnership(stage, onMessages);
  const fileRules =
    rules && acting
      ? openFileRules(stage, {
          findings: respond,
          engine: acting,
          spool: ingest?.spool,
          holds: (organisation) => rules.holds(organisation),
        })
      : undefined;
  return {
    respond,
    uptime,
    fileRules,
    start: () => {
      if (!detects) return;
      delivery.current = openNotify(stage);
      responding.start();
      foldedWatch?.start();
      sampling.current = openSpanSteps(stage, ingest);
    },
    metrics: () =>
      [
        respond.metrics(),
        delivery.current?.metrics() ?? '',
        rules?.metrics() ?? '',
        fileRules?.metrics() ?? '',
        sampling.current?.metrics() ?? '',
      ].join(''),
  };
}
